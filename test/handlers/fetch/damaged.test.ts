import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { spool } from "../../../handlers/fetch/spool";
import type { Failure } from "../../../handlers/shared/failure";
import { refusal } from "../../refusal";
import { convert, gitZip, piecesOf } from "./support";
import { type HandmadeEntry, handmadeZip } from "./zips";

const TOP = "storefront-0123456";
const A: HandmadeEntry = { name: `${TOP}/a.txt`, content: "a".repeat(1_000) };
const deflated = deflateRawSync(Buffer.alloc(1_000, "a"));

/** What comes of a download, as `type: message`. */
async function outcome(download: Buffer | AsyncIterable<Uint8Array>): Promise<string> {
  const { type, message } = (await refusal(convert(download))) as Failure;
  return `${type}: ${message}`;
}

describe("a damaged download is transient", () => {
  const damaged = (what: string) => `SystemUnavailable: the downloaded archive is damaged: ${what}`;
  const entry = (what: string) => damaged(`entry "${TOP}/a.txt": ${what}`);
  const whole = gitZip(TOP, { "a.txt": "a".repeat(1_000), "b.txt": "b" });
  const noEnd = damaged(
    "End of central directory record signature not found. Either not a zip file, or file is truncated.",
  );
  const misplaced = damaged(`entry "${TOP}/a.txt" is not at its offset in the zip directory`);
  const wrongSize = entry("its size differs from the zip directory");

  const local = whole.lastIndexOf(`${TOP}/b.txt`, whole.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))) - 30;
  const cut: [string, Buffer][] = [
    ["within an entry", whole.subarray(0, 100)],
    // A tar that ended here was taken for a whole one.
    ["between two entries", whole.subarray(0, local)],
    ["before its directory", whole.subarray(0, whole.indexOf(Buffer.from([0x50, 0x4b, 1, 2])))],
    ["within its directory", whole.subarray(0, -80)],
    ["before it begins", Buffer.alloc(0)],
    ["and is another thing", Buffer.from("<html>not what was asked for</html>")],
  ];
  for (const [where, zip] of cut) {
    it(`if it ends ${where}`, async () => {
      expect(await outcome(zip)).to.equal(noEnd);
    });
  }

  it("if it ends within its comment", async () => {
    expect(await outcome(whole.subarray(0, -1))).to.match(/^SystemUnavailable: .* damaged: Invalid comment length\./);
  });

  it("if bytes are missing in the middle", async () => {
    const holed = Buffer.concat([whole.subarray(0, 60), whole.subarray(70)]);
    expect(await outcome(holed)).to.match(/^SystemUnavailable: the downloaded archive is damaged: /);
  });

  it("if any one of its bytes before the directory is another, except where nothing reads it", async () => {
    const zip = handmadeZip([{ ...A, content: randomBytes(40), method: 0 }]);
    const end = zip.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    // Signature, method and length of the local header, the name, and the content.
    const read = [0, 1, 2, 3, 8, 9, 26, 27, ...Array.from({ length: end - 30 }, (_, index) => 30 + index)];
    for (const at of read) {
      const changed = Buffer.from(zip);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await outcome(changed), `byte ${at}`).to.match(/^SystemUnavailable: the downloaded archive is damaged: /);
    }
  });

  const wrong: [string, HandmadeEntry, string][] = [
    ["a checksum is wrong", { ...A, claims: { crc32: 1 } }, entry("its checksum is wrong")],
    ["a stored content's checksum is wrong", { ...A, method: 0, claims: { crc32: 1 } }, entry("its checksum is wrong")],
    ["a content is longer than its directory says", { ...A, claims: { size: 999 } }, wrongSize],
    ["a content is shorter than its directory says", { ...A, claims: { size: 1_001 } }, wrongSize],
    ["something follows a content", { ...A, data: Buffer.concat([deflated, Buffer.from("more")]) }, wrongSize],
    ["a content is cut off", { ...A, data: deflated.subarray(0, -4) }, entry("unexpected end of file")],
    ["a content is not deflated", { ...A, data: Buffer.alloc(10, 7) }, entry("invalid block type")],
    ["a content is outside", { ...A, claims: { compressedSize: 100_000 } }, damaged("it ends too early")],
    ["a header is outside", { ...A, claims: { offset: 100_000 } }, damaged("it ends too early")],
    ["a header is elsewhere", { ...A, claims: { offset: 1 } }, misplaced],
    ["a header has another name", { ...A, local: { name: `${TOP}/b.txt` } }, misplaced],
    ["a header has another method", { ...A, local: { method: 0 } }, misplaced],
  ];
  for (const [what, it_, cause] of wrong) {
    it(`if ${what}`, async () => {
      expect(await outcome(handmadeZip([it_]))).to.equal(cause);
    });
  }

  it("if one of many contents is wrong, which is named", async () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      name: `${TOP}/${index}.txt`,
      content: `${index}`.repeat(9_000),
    }));
    const zip = (claims: HandmadeEntry["claims"]) =>
      handmadeZip(many.map((it, index) => (index === 70 ? { ...it, claims } : it)));
    const named = (what: string) => damaged(`entry "${TOP}/70.txt": ${what}`);
    expect(await outcome(zip({ crc32: 1 }))).to.equal(named("its checksum is wrong"));
    expect(await outcome(zip({ size: 17_999 }))).to.equal(named("its size differs from the zip directory"));
  });

  for (const [where, between] of [
    ["", Buffer.from("1f8b08000000000000ff", "hex")],
    ["whose header its checksum would complete", Buffer.from("1f8b", "hex")],
  ] as const) {
    it(`if an empty content hides before a content ${where}`.trim(), async () => {
      const hidden = Buffer.concat([deflateRawSync(""), Buffer.alloc(8), between]);
      const data = where === "" ? Buffer.concat([hidden, deflated]) : hidden;
      expect(await outcome(handmadeZip([{ ...A, data }]))).to.equal(wrongSize);
    });
  }

  const large = Buffer.alloc(5 * 1024 * 1024, "large");
  const largeWrong: [string, HandmadeEntry][] = [
    ["longer", { ...A, content: large, claims: { size: 3 * 1024 * 1024 } }],
    ["shorter", { ...A, content: large, claims: { size: 6 * 1024 * 1024 } }],
    [
      "followed by something",
      { ...A, content: large, data: Buffer.concat([deflateRawSync(large), Buffer.from("more")]) },
    ],
  ];
  for (const [what, it_] of largeWrong) {
    it(`if a large content is ${what}`, async () => {
      expect(await outcome(handmadeZip([it_]))).to.equal(wrongSize);
    });
  }

  it("if a large content's checksum is wrong, or it is cut off", async () => {
    expect(await outcome(handmadeZip([{ ...A, content: large, claims: { crc32: 1 } }]))).to.equal(
      entry("its checksum is wrong"),
    );
    const cutOff = { ...A, content: large, data: deflateRawSync(large).subarray(0, -9) };
    expect(await outcome(handmadeZip([cutOff]))).to.equal(entry("unexpected end of file"));
  });

  it("if two entries share a content, as in small archives that unpack to petabytes", async () => {
    const inner = { ...A, name: `${TOP}/b.txt`, content: "b" };
    const nested = handmadeZip([
      { ...A, method: 0, content: handmadeZip([inner]) },
      { ...inner, claims: { offset: 30 + A.name.length } },
    ]);
    expect(await outcome(nested)).to.equal(damaged(`entry "${TOP}/b.txt" is not at its offset in the zip directory`));
  });

  it("if its directory announces more entries than it has", async () => {
    expect(await outcome(handmadeZip([A], { count: 2 }))).to.match(/^SystemUnavailable: .* damaged: /);
    expect(await outcome(handmadeZip([A], { count: 2 ** 40, is64: true }))).to.match(
      /^SystemUnavailable: .* damaged: /,
    );
  });

  it("if the connection breaks off, with the connection's error", async () => {
    async function* broken() {
      yield whole.subarray(0, 100);
      throw Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    }
    expect((await refusal(convert(broken()))).message).to.equal("read ECONNRESET");
  });

  it("and leaves nothing on the function's disk", async () => {
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith("archive-"));
    const before = left();
    await outcome(whole.subarray(0, 100));
    expect(left()).to.deep.equal(before);
  });
});

describe("a hostile archive goes to the dead letters at once", () => {
  const refused: [string, HandmadeEntry[], string][] = [
    [
      "leads out of the folder",
      [{ name: `${TOP}/../../etc/cron.d/x` }],
      `entry "${TOP}/../../etc/cron.d/x" of the archive is refused: its name points outside the archive`,
    ],
    ["has two entries of one path", [A, A], 'entry "a.txt" of the archive is refused: the archive contains it twice'],
    [
      "has a symbolic link and a file of one path",
      [{ ...A, mode: 0o120777, content: "/etc/passwd" }, A],
      'entry "a.txt" of the archive is refused: it is both a symbolic link and a file',
    ],
    [
      "has a file behind a symbolic link",
      [
        { name: `${TOP}/x`, mode: 0o120777, content: "/etc" },
        { name: `${TOP}/x/passwd`, content: "root" },
      ],
      'entry "x/passwd" of the archive is refused: it is inside a symbolic link',
    ],
    [
      "has two top-level folders",
      [A, { ...A, name: "other/a.txt" }],
      'entry "other/a.txt" of the archive is refused: it is outside the top-level folder',
    ],
    ["has no files", [{ name: `${TOP}/` }], "the archive of the repository holds no files"],
    [
      "declares more content than a build could unpack",
      [{ ...A, is64: true, claims: { size: 9 * 1024 ** 3 } }],
      "the archive unpacks to more than 8 GiB: make the repository smaller",
    ],
  ];
  for (const [what, entries, cause] of refused) {
    it(`if it ${what}`, async () => {
      expect(await outcome(handmadeZip(entries))).to.equal(`JobFailed: ${cause}`);
    });
  }

  it("if it is larger than the function's disk", async () => {
    const { message } = await refusal(spool(piecesOf(Buffer.alloc(2 * 1024 * 1024 + 1)), 2 * 1024 * 1024));
    expect(message).to.equal("the archive is larger than 2 MiB: make the repository smaller");
    await (await spool(piecesOf(Buffer.alloc(2 * 1024 * 1024)), 2 * 1024 * 1024)).close();
  });

  it("if its names alone would fill the function's memory", async () => {
    const name = `${TOP}/${"n/".repeat(2_000)}`;
    const zip = handmadeZip(Array.from({ length: 8_400 }, (_, index) => ({ name: `${name}${index}` })));
    expect(await outcome(zip)).to.equal(
      "JobFailed: the archive has more than 250000 entries or 33554432 bytes of names: make the repository smaller",
    );
  });
});
