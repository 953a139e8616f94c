import { createHash, randomBytes } from "node:crypto";
import { expect } from "chai";
import { archiveOf } from "../../../handlers/fetch/archive";
import { spool } from "../../../handlers/fetch/spool";
import { refusalMessage } from "../../refusal";
import { convert, fallback, gitZip, namesOf, piecesOf, unpack } from "./support";
import { handmadeZip } from "./zips";

const TOP = "storefront-0123456";
const own = { name: "buildspec.yml", mode: "100644", content: fallback.content };
const file = (name: string, content: string) => ({ name, mode: "100644", content });

describe("archive", () => {
  const long = `${"deep/".repeat(40)}${"name".repeat(30)}.txt`;

  it("holds what git archives at its root, with modes and links", async () => {
    const zip = gitZip(TOP, {
      "README.md": "# storefront\n",
      "Zoë's basket.txt": "naïve\n",
      "bin/start": { mode: "120000", content: "../run.sh" },
      "empty.txt": "",
      [long]: "deep\n",
      "run.sh": { mode: "100755", content: "#!/bin/sh\n" },
    });
    expect(await unpack(await convert(zip))).to.deep.equal([
      file("README.md", "# storefront\n"),
      file("Zoë's basket.txt", "naïve\n"),
      { name: "bin/", mode: "40755", content: "" },
      { name: "bin/start", mode: "120777", content: "../run.sh" },
      ...Array.from({ length: 40 }, (_, depth) => ({ name: "deep/".repeat(depth + 1), mode: "40755", content: "" })),
      file(long, "deep\n"),
      file("empty.txt", ""),
      { name: "run.sh", mode: "100755", content: "#!/bin/sh\n" },
      own,
    ]);
  });

  it("holds names with backslashes and colons, as Linux builds may have them", async () => {
    const names = ["a:b", "c:/x", "x/run-acme\\x2dfoo.mount", "back\\slash", 'quo"te', "new\nline"];
    const zip = gitZip(TOP, Object.fromEntries(names.map((name) => [name, `${name}\n`])));
    const found = await unpack(await convert(zip));
    expect(
      found.filter(({ name }) => !name.endsWith("/")).map(({ name, content }) => [name, content]),
    ).to.have.deep.members([...names.map((name) => [name, `${name}\n`]), ["buildspec.yml", fallback.content]]);
  });

  it("holds files that differ in case or in Unicode normalisation", async () => {
    const names = ["README", "Readme", "\u00e9", "e\u0301"];
    const zip = gitZip(TOP, Object.fromEntries(names.map((name) => [name, name])));
    expect(await namesOf(await convert(zip))).to.have.members([...names, "buildspec.yml"]);
  });

  it("keeps a name that is no UTF-8 byte by byte", async () => {
    const zip = await convert(handmadeZip([{ name: `${TOP}/caf\u00e9`, content: "latin-1" }]));
    expect(zip.includes(Buffer.from("caf\u00e9", "latin1"))).to.equal(true);
    expect(zip.readUInt16LE(6)).to.equal(0);
  });

  it("is unpacked as from Unix, with the seconds of the commit, and without a second name for a file", async () => {
    const evil = Buffer.concat([Buffer.from([0x75, 0x70, 5 + 4, 0, 1, 0, 0, 0, 0]), Buffer.from("evil")]);
    const seconds = Buffer.from([0x55, 0x54, 5, 0, 1, 0x0d, 0xf0, 0xad, 0x0b]);
    const zip = await convert(handmadeZip([{ name: `${TOP}/a`, content: "a", extra: Buffer.concat([evil, seconds]) }]));
    const record = zip.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    expect(zip.readUInt8(record + 5)).to.equal(3);
    expect(zip.subarray(record + 46 + 1, record + 46 + 1 + zip.readUInt16LE(record + 30))).to.deep.equal(seconds);
    expect(zip.includes("evil")).to.equal(false);
  });

  it("copies contents as they are compressed", async () => {
    const zip = gitZip(TOP, {
      "a.txt": "again and ".repeat(100),
      "large.txt": `${randomBytes(50_000).toString("hex")}\n`.repeat(20),
    });
    const archive = await convert(zip);
    expect(archive.length).to.be.closeTo(zip.length, 200);
  });

  it("keeps the repository's own buildspec.yml, at its root only, whatever it is", async () => {
    expect(await unpack(await convert(gitZip(TOP, { "buildspec.yml": "own\n" })))).to.deep.equal([
      file("buildspec.yml", "own\n"),
    ]);
    expect(await namesOf(await convert(gitZip(TOP, { "sub/buildspec.yml": "nested\n" })))).to.deep.equal([
      "sub/",
      "sub/buildspec.yml",
      "buildspec.yml",
    ]);
    const folder = handmadeZip([{ name: `${TOP}/buildspec.yml/x`, content: "x" }]);
    expect(await namesOf(await convert(folder))).to.deep.equal(["buildspec.yml/x"]);
  });

  it("is the same, byte for byte, for the same commit", async () => {
    const zip = gitZip(TOP, { a: "a", b: { mode: "120000", content: "a" } });
    expect((await convert(zip)).equals(await convert(zip))).to.equal(true);
  });

  it("needs neither the order of the contents nor sizes before them", async () => {
    // git writes files over 512 MiB like this, here all over 10 bytes.
    const zip = gitZip(TOP, { "a.txt": "long enough\n", "b.txt": "short\n" }, ["core.bigFileThreshold=10"]);
    expect(zip.readUInt16LE(zip.indexOf(`${TOP}/a.txt`) - 30 + 6) & 8).to.equal(8);
    const archive = await convert(zip);
    expect(await unpack(archive)).to.deep.equal([file("a.txt", "long enough\n"), file("b.txt", "short\n"), own]);
    expect(archive.readUInt16LE(6) & 8).to.equal(0);
    const descriptor = handmadeZip([{ name: `${TOP}/a`, content: "a".repeat(100), descriptor: true }]);
    expect(await unpack(await convert(descriptor))).to.deep.equal([file("a", "a".repeat(100)), own]);
  });

  it("reads sizes and offsets of 64 bits", async () => {
    const entries = [
      { name: `${TOP}/`, is64: true },
      { name: `${TOP}/a`, content: "a".repeat(100), is64: true },
    ];
    expect(await unpack(await convert(handmadeZip(entries, { is64: true })))).to.deep.equal([
      file("a", "a".repeat(100)),
      own,
    ]);
  });

  it("holds more than the 65,535 files that a zip without 64 bits can", async () => {
    const count = 66_000;
    const zip = handmadeZip(
      Array.from({ length: count }, (_, index) => ({ name: `${TOP}/${index}` })),
      { is64: true },
    );
    const names = await namesOf(await convert(zip));
    expect([names.length, names[0], names[count - 1], names[count]]).to.deep.equal([
      count + 1,
      "0",
      "65999",
      "buildspec.yml",
    ]);
  });

  it("copies large contents, deflated and stored, in small pieces", async () => {
    const noise = createHash("shake256", { outputLength: 3 * 1024 * 1024 }).digest();
    const zip = handmadeZip([
      { name: `${TOP}/deflated`, content: Buffer.concat([noise, noise]) },
      { name: `${TOP}/stored`, content: noise, method: 0 },
    ]);
    const downloaded = await spool(piecesOf(zip));
    const hash = createHash("sha256");
    let largest = 0;
    for await (const piece of archiveOf(downloaded, fallback, new AbortController().signal)) {
      largest = Math.max(largest, piece.length);
      hash.update(piece);
    }
    await downloaded.close();
    expect(largest).to.equal(256 * 1024);
    expect(hash.digest("hex")).to.equal(
      createHash("sha256")
        .update(await convert(zip))
        .digest("hex"),
    );
    const sizes = (await unpack(await convert(zip))).map(({ name, content }) => [name, content.length]);
    expect(sizes[1]?.[0]).to.equal("stored");
  });

  it("ends with the function's time", async () => {
    const over = AbortSignal.abort(new Error("the time is over"));
    expect(await refusalMessage(convert(gitZip(TOP, { a: "a" }), over))).to.equal("the time is over");
  });
});
