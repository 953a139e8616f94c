import { expect } from "chai";
import { packet, readPackets } from "../../../handlers/poll/packets";
import { lsRefs, readAdvertisement, readReferences } from "../../../handlers/poll/references";

const A = "a".repeat(40);
const B = "b".repeat(40);
const NONE = "0".repeat(40);

const packets = (...lines: string[]) =>
  readPackets(Buffer.from(lines.map((it) => (it === "" ? "0000" : packet(it))).join("")));
const service = ["# service=git-upload-pack\n", ""];

describe("git's references", () => {
  it("are asked for by prefix", () => {
    expect(lsRefs(["main", "feature/basket"])).to.equal(
      "0014command=ls-refs\n0001001fref-prefix refs/heads/main\n0029ref-prefix refs/heads/feature/basket\n0000",
    );
  });

  const advertisements: [string, string[], Record<string, string> | undefined][] = [
    ["version 2", [...service, "version 2\n", "ls-refs=unborn\n", ""], undefined],
    ["version 2 without an announcement", ["version 2\n", "agent=git/2.43.0\n", ""], undefined],
    [
      "version 0",
      [
        ...service,
        `${A} HEAD\0multi_ack symref=HEAD:refs/heads/main\n`,
        `${B} refs/heads/feature/basket\n`,
        `${A} refs/heads/main\n`,
        `${B} refs/tags/v1\n`,
        `${A} refs/tags/v1^{}\n`,
        "",
      ],
      { "feature/basket": B, main: A },
    ],
    ["version 0 of one branch", [...service, `${A} refs/heads/main\0multi_ack\n`, ""], { main: A }],
    ["version 1", [...service, "version 1\n", `${A} refs/heads/main\0multi_ack\n`, ""], { main: A }],
    ["an empty repository", [...service, `${NONE} capabilities^{}\0multi_ack\n`, ""], {}],
  ];
  for (const [what, lines, heads] of advertisements) {
    it(`are advertised in ${what}`, () => {
      const read = readAdvertisement(packets(...lines));
      expect(read && Object.fromEntries(read)).to.deep.equal(heads);
    });
  }

  const wrong: [string, string[], string][] = [
    ["nothing", [], "its answer is not a git reference advertisement"],
    ["an announcement alone", service, "its answer is not a git reference advertisement"],
    ["another version", [...service, "version 3\n", ""], "its answer is not a git reference advertisement"],
    ["a refusal", ["ERR access denied\n"], "it rejected the request: access denied"],
    ["a long refusal", [`ERR ${"x".repeat(1_000)}\n`], `it rejected the request: ${"x".repeat(296)}`],
  ];
  for (const [what, lines, message] of wrong) {
    it(`are not advertised by ${what}`, () => {
      expect(() => readAdvertisement(packets(...lines)))
        .to.throw()
        .with.property("message", message);
    });
  }

  // Git allows every space in a branch's name but ASCII's, and whoever may push may not be let near main.
  for (const space of ["\u00a0", "\u3000", "\ufeff"]) {
    it(`are not those of a branch whose name goes on after U+${space.charCodeAt(0).toString(16)}`, () => {
      const lines = [`${A} refs/heads/main\n`, `${B} refs/heads/main${space}2\n`, ""];
      const heads = { main: A, [`main${space}2`]: B };
      expect(Object.fromEntries(readReferences(packets(...lines)))).to.deep.equal(heads);
      expect(Object.fromEntries(readAdvertisement(packets(...service, ...lines)) ?? [])).to.deep.equal(heads);
    });
  }

  it("are answered with attributes, and with more than was asked for", () => {
    const lines = [`${A} refs/heads/main\n`, `${B} refs/heads/main-2 peeled:${A}\n`, "unborn HEAD\n", ""];
    expect(Object.fromEntries(readReferences(packets(...lines)))).to.deep.equal({ main: A, "main-2": B });
    expect(() => readReferences(packets("ERR no"))).to.throw("it rejected the request: no");
  });
});
