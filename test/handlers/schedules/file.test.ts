import { expect } from "chai";
import { readSchedulesFile, type Schedule } from "../../../handlers/schedules/file";
import { limitMistakes } from "../../../handlers/schedules/rule";

const target = { application: "storefront", environment: "dev", container: "app" };
const read = (text: string) => readSchedulesFile(text, (schedule) => limitMistakes(target, schedule));

/** A file of one schedule. */
const one = (...lines: string[]) =>
  ["timeZone: UTC", "schedules:", "  - name: nightly", ...lines.map((line) => `    ${line}`), ""].join("\n");
const CRON = "cron: 0 3 * * ? *";
const COMMAND = "command: [node, report.js]";

const FILE = `# What runs when.
timeZone: UTC
schedules:
  - name: nightly-report
    cron: "0 3 ? * mon-fri *"
    command: [node, report.js, --day, "1", ""]
    cpu: 512
    memory: 1024
  - name: ping
    rate: 1 minute
    command:
      - node
      - ping.js
    enabled: false
`;

describe("schedules.yaml", () => {
  it("is read", () => {
    const schedules: Schedule[] = [
      {
        name: "nightly-report",
        expression: "cron(0 3 ? * MON-FRI *)",
        command: ["node", "report.js", "--day", "1", ""],
        size: { cpu: 512, memory: 1024 },
        enabled: true,
      },
      { name: "ping", expression: "rate(1 minute)", command: ["node", "ping.js"], size: undefined, enabled: false },
    ];
    expect(read(FILE)).to.deep.equal({ schedules, mistakes: [] });
  });

  it("may have no schedules", () => {
    expect(read("timeZone: UTC\nschedules: []\n")).to.deep.equal({ schedules: [], mistakes: [] });
  });

  it("may repeat itself by aliases", () => {
    const text = `timeZone: UTC
schedules:
  - { name: one, rate: 1 hour, command: &command [node, report.js] }
  - { name: two, rate: 1 day, command: *command }
`;
    expect(read(text).schedules.map(({ command }) => command)).to.deep.equal([
      ["node", "report.js"],
      ["node", "report.js"],
    ]);
  });

  const keys = "allowed: name, cron, rate, command, cpu, memory, enabled";
  const onlyUtc = "EventBridge rules support only UTC";
  const list = "expected a list of strings, such as [node, report.js]";
  const table: [string, string, [number, string][]][] = [
    ["that is empty", "", [[1, "the file is empty, expected timeZone, schedules"]]],
    ["that is a list", "- name: x\n", [[1, "the file is a list, expected timeZone, schedules"]]],
    ["without a time zone", "schedules: []\n", [[1, `timeZone is missing; write timeZone: UTC, because ${onlyUtc}`]]],
    [
      "of another time zone",
      "timeZone: Europe/Berlin\nschedules: []\n",
      [[1, `timeZone is "Europe/Berlin", expected UTC, because ${onlyUtc}`]],
    ],
    ["without schedules", "timeZone: UTC\n", [[1, "schedules is missing; expected a list, which may be empty: []"]]],
    [
      "whose schedules are a map",
      "timeZone: UTC\nschedules:\n  nightly: {}\n",
      [[3, "schedules is a map, expected a list"]],
    ],
    ["whose schedules are nothing", "timeZone: UTC\nschedules:\n", [[2, "schedules is empty, expected a list"]]],
    [
      "with an unknown key",
      "timeZone: UTC\njobs: []\nschedules: []\n",
      [[2, "the file has jobs; allowed: timeZone, schedules"]],
    ],
    [
      "with an unknown key of a schedule",
      one(CRON, COMMAND, "timezone: UTC"),
      [[6, `schedules[0] has timezone; allowed: name, cron, rate, command, cpu, memory, enabled`]],
    ],
    [
      "whose schedule is text",
      "timeZone: UTC\nschedules: [nightly]\n",
      [[2, `schedules[0] is "nightly", expected ${keys.slice(9)}`]],
    ],
    ["with a key twice", one(CRON, COMMAND, COMMAND), [[6, "Map keys must be unique"]]],
    [
      "without name, time and command",
      "timeZone: UTC\nschedules:\n  - enabled: true\n",
      [
        [3, "schedules[0].name is missing; expected text, such as nightly-report"],
        [3, "schedules[0] has neither cron nor rate, expected one of them"],
        [3, `schedules[0].command is missing; ${list}`],
      ],
    ],
    [
      "with a name twice",
      `${one(CRON, COMMAND)}  - name: nightly\n    ${CRON}\n    ${COMMAND}\n`,
      [[6, "schedules[1].name nightly is already used by schedules[0]"]],
    ],
    ...["Nightly", "nightly--report", "9to5", "nightly-", "a_b"].map((name): [string, string, [number, string][]] => [
      `with the name ${name}`,
      one(CRON, COMMAND).replace("nightly", name),
      [[3, `schedules[0].name is "${name}", expected a-z, 0-9 and single hyphens, starting with a letter`]],
    ]),
    [
      "with a name that is a number",
      one(CRON, COMMAND).replace("nightly", "5"),
      [[3, "schedules[0].name is 5, expected text, such as nightly-report: put it in quotes"]],
    ],
    [
      "with a name too long for its rule",
      one(CRON, COMMAND).replace("nightly", "n".repeat(49)),
      [
        [
          3,
          `schedules[0] needs a rule dev-storefront--${"n".repeat(49)}, whose name has 65 characters; EventBridge allows 64`,
        ],
      ],
    ],
    ["with a name just short enough", one(CRON, COMMAND).replace("nightly", "n".repeat(48)), []],
    [
      "with both cron and rate",
      one(CRON, "rate: 5 minutes", COMMAND),
      [[4, "schedules[0] has both cron and rate, expected one of them"]],
    ],
    [
      "with a cron expression of five fields",
      one("cron: 0 3 * * *", COMMAND),
      [
        [
          4,
          'schedules[0].cron "0 3 * * *": has 5 fields, expected 6: minutes hours day-of-month month day-of-week year',
        ],
      ],
    ],
    [
      "with a rate in the wrong number",
      one("rate: 1 minutes", COMMAND),
      [[4, 'schedules[0].rate "1 minutes": write it as 1 minute']],
    ],
    [
      "with a rate that is a number",
      one("rate: 5", COMMAND),
      [[4, "schedules[0].rate is 5, expected text, such as 5 minutes: put it in quotes"]],
    ],
    [
      "with an expression too long for EventBridge",
      one(`cron: 0 3 ? * MON ${Array.from({ length: 50 }, (_, index) => 2026 + index).join(",")}`, COMMAND),
      [[3, "schedules[0] has an expression of 267 characters; EventBridge allows 256"]],
    ],
    ["with an empty command", one(CRON, "command: []"), [[5, `schedules[0].command is an empty list, ${list}`]]],
    [
      "with a command that is text",
      one(CRON, "command: node report.js"),
      [[5, `schedules[0].command is "node report.js", ${list}`]],
    ],
    [
      "with a command of numbers and nothing",
      one(CRON, "command: ['', 5, true, ~, [x]]"),
      [
        [5, 'schedules[0].command[0] is "", expected text, such as node'],
        [5, "schedules[0].command[1] is 5, expected text, such as node: put it in quotes"],
        [5, "schedules[0].command[2] is true, expected text, such as node: put it in quotes"],
        [5, "schedules[0].command[3] is empty, expected text, such as node"],
        [5, "schedules[0].command[4] is a list, expected text, such as node"],
      ],
    ],
    [
      "with a command too long for EventBridge",
      one(CRON, `command: [node, ${"x".repeat(8_200)}]`),
      [[3, "schedules[0] has a command that gives the target an input of 8261 characters; EventBridge allows 8192"]],
    ],
    [
      "with cpu alone",
      one(CRON, COMMAND, "cpu: 512"),
      [[3, "schedules[0] has cpu without memory: set both or neither"]],
    ],
    [
      "with memory alone",
      one(CRON, COMMAND, "memory: 512"),
      [[3, "schedules[0] has memory without cpu: set both or neither"]],
    ],
    [
      "with a cpu that Fargate does not have",
      one(CRON, COMMAND, "cpu: 300", "memory: 512"),
      [[6, "schedules[0].cpu is 300; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384"]],
    ],
    [
      "with a cpu as text",
      one(CRON, COMMAND, "cpu: '256'", "memory: 512"),
      [[6, 'schedules[0].cpu is "256"; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384']],
    ],
    [
      "with a memory that Fargate does not have",
      one(CRON, COMMAND, "cpu: 512", "memory: 512"),
      [[7, "schedules[0].memory is 512, which Fargate does not offer with cpu 512; allowed: 1024, 2048, 3072, 4096"]],
    ],
    [
      "that is enabled by a word",
      one(CRON, COMMAND, "enabled: yes"),
      [[6, 'schedules[0].enabled is "yes", expected true or false']],
    ],
    [
      "with mistakes in many lines tells them all, in the lines' order",
      `schedules:
  - name: Nightly
    cron: 0 3 * * * *
    command: []
  - name: ping
    rate: 5 minute
    command: [node]
    memory: 1
timeZone: CET
`,
      [
        [2, 'schedules[0].name is "Nightly", expected a-z, 0-9 and single hyphens, starting with a letter'],
        [
          3,
          'schedules[0].cron "0 3 * * * *": exactly one of day-of-month and day-of-week must be ?, because EventBridge uses only one of them',
        ],
        [4, `schedules[0].command is an empty list, ${list}`],
        [5, "schedules[1] has memory without cpu: set both or neither"],
        [6, 'schedules[1].rate "5 minute": write it as 5 minutes'],
        [9, `timeZone is "CET", expected UTC, because ${onlyUtc}`],
      ],
    ],
  ];
  for (const [what, text, mistakes] of table) {
    it(what, () => {
      expect(read(text).mistakes).to.deep.equal(mistakes.map(([line, reason]) => ({ line, reason })));
    });
  }

  const broken: [string, string, number][] = [
    ["with a tab", "timeZone: UTC\nschedules:\n\t- name: x\n", 3],
    ["with an open bracket", "timeZone: UTC\nschedules: [\n", 3],
    ["of two documents", "timeZone: UTC\n---\nschedules: []\n", 2],
    ["with an unknown tag", "timeZone: UTC\nschedules: !ruby/object []\n", 2],
    ["with an alias of nothing", "timeZone: UTC\nschedules: *all\n", 2],
  ];
  for (const [what, text, line] of broken) {
    it(`${what} is refused, with the line`, () => {
      const { schedules, mistakes } = read(text);
      expect(schedules).to.deep.equal([]);
      expect(mistakes.map((it) => it.line)).to.include(line);
    });
  }
});
