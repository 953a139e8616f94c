import { expect } from "chai";
import { packet, readPackets } from "../../../handlers/poll/packets";

const line = (text: string) => ({ kind: "line" as const, text });

describe("git's packets", () => {
  it("are written with their length in bytes", () => {
    expect(packet("command=ls-refs\n")).to.equal("0014command=ls-refs\n");
    expect(packet("é\n")).to.equal("0007é\n");
  });

  const answers: [string, string, object[]][] = [
    ["nothing", "", []],
    ["lines, with and without an end", "0006a\n0005b", [line("a"), line("b")]],
    ["an empty line", "0004", [line("")]],
    ["the marks", "000000010002", [{ kind: "flush" }, { kind: "delimiter" }, { kind: "end" }]],
    ["lengths in capital letters", `000A${"x".repeat(6)}`, [line("xxxxxx")]],
    ["lines after a mark", "00000007é\n0000", [{ kind: "flush" }, line("é"), { kind: "flush" }]],
    ["the longest packet", `fff0${"x".repeat(65516)}`, [line("x".repeat(65516))]],
  ];
  for (const [what, answer, packets] of answers) {
    it(`are read from ${what}`, () => {
      expect(readPackets(Buffer.from(answer))).to.deep.equal(packets);
    });
  }

  const wrong: [string, string, string][] = [
    ["a page", "<!DOCTYPE html>", 'at byte 0 "<!DO" is not a packet length'],
    ["a length of three", "0006a\n0003", 'at byte 6 "0003" is not a packet length'],
    ["a length that git does not send", `fff1${"x".repeat(65517)}`, 'at byte 0 "fff1" is not a packet length'],
    ["a sign in the length", "+006a\n", 'at byte 0 "+006" is not a packet length'],
    ["a packet that is cut", "0000000ahal", "at byte 4 a packet of 10 bytes begins, but only 7 bytes are left"],
    ["a length that is cut", "0006a\n00", 'at byte 6 "00" is not a packet length'],
  ];
  for (const [what, answer, message] of wrong) {
    it(`are not read from ${what}`, () => {
      expect(() => readPackets(Buffer.from(answer))).to.throw(
        `its answer does not follow the git protocol: ${message}`,
      );
    });
  }
});
