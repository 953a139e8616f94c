import { expect } from "chai";
import { readSchedulesFile } from "../../../handlers/schedules/file";

const read = (text: string) => readSchedulesFile(text, () => []);

const file = (...lines: string[]) =>
  ["timeZone: UTC", "schedules:", "  - name: report", ...lines.map((line) => `    ${line}`), ""].join("\n");

const COMMAND = "command: [node, report.js]";
const unquoted = (start: string) =>
  `a value starts with ${start}, which means something else in YAML: quote it, "${start}…"`;

describe("schedules file: YAML", () => {
  const refused: [what: string, text: string, mistakes: [line: number, reason: string][]][] = [
    ["an unquoted cron that starts with */5", file("cron: */5 * * * ? *", COMMAND), [[4, unquoted("*")]]],
    ["an unquoted cron that starts with *", file("cron: * * * * ? *", COMMAND), [[4, unquoted("*")]]],
    ["an unquoted cron with a list of hours", file("cron: */5 0,12 * * ? *", COMMAND), [[4, unquoted("*")]]],
    ["an unquoted cron on the next line", file("cron:", "  */5 * * * ? *", COMMAND), [[5, unquoted("*")]]],
    ["an unquoted cron before a comment", file("cron: */5 * * * ? * # often", COMMAND), [[4, unquoted("*")]]],
    ["an unquoted cron that starts with ?", file("cron: ? * * * *", COMMAND), [[4, unquoted("?")]]],
    ["an unquoted asterisk in a command", file("rate: 1 hour", "command: [echo, *]"), [[5, unquoted("*")]]],
    ["an unquoted pattern of files", file("rate: 1 hour", "command: [rm, *.tmp]"), [[5, unquoted("*")]]],
    ["an unquoted %", file("rate: %5", COMMAND), [[4, unquoted("%")]]],
    ["an unquoted @", file("rate: @daily", COMMAND), [[4, unquoted("@")]]],
    ["an unquoted !", file("rate: !often 5", COMMAND), [[4, unquoted("!")]]],
    [
      "two unquoted crons in two lines",
      file("cron: */5 * * * ? *", COMMAND, "rate: */5 * * * ? *"),
      [
        [4, unquoted("*")],
        [6, unquoted("*")],
      ],
    ],
    [
      "another document",
      `${file("rate: 1 hour", COMMAND)}---\ntimeZone: UTC\n`,
      [[6, "another document begins after ---: remove it, or the line ---"]],
    ],
  ];
  for (const [what, text, mistakes] of refused) {
    it(`says in one message for a line what to do about ${what}`, () => {
      expect(read(text)).to.deep.equal({
        schedules: [],
        mistakes: mistakes.map(([line, reason]) => ({ line, reason })),
      });
    });
  }

  const sound = file('cron: "*/5 * * * ? *"', COMMAND);
  for (const [what, text] of [
    ["ends with ---", `${sound}---\n`],
    ["ends with --- and a comment", `${sound}--- # end\n# of the file\n`],
    ["ends with ... and ---", `${sound}...\n---`],
    ["begins and ends with ---", `---\n${sound}---\n---\n`],
  ] as const) {
    it(`takes a file that ${what}`, () => {
      expect(read(text)).to.deep.equal(read(sound));
      expect(read(text).schedules.map(({ expression }) => expression)).to.deep.equal(["cron(*/5 * * * ? *)"]);
    });
  }

  it("takes an alias whose anchor is there", () => {
    const { schedules, mistakes } = read(file("cron: &often '*/5 * * * ? *'", "command: [echo, *often]"));
    expect(mistakes).to.deep.equal([]);
    expect(schedules[0]?.command).to.deep.equal(["echo", "*/5 * * * ? *"]);
  });
});
