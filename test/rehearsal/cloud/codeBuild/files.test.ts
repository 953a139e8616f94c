import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { matchingFiles } from "../../../../rehearsal/cloud/codeBuild/artifacts";
import type { ArtifactsSpec } from "../../../../rehearsal/cloud/codeBuild/buildspec";
import { unpack } from "../../../../rehearsal/cloud/codeBuild/source";
import { handmadeZip } from "../../../handlers/fetch/zips";
import { type Content, link, zipOf } from "./support";

describe("the files of a build", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-build-files-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function unpacked(files: Record<string, Content>): Promise<string> {
    const [archive, target] = [path.join(folder, "source.zip"), path.join(folder, "src")];
    await writeFile(archive, await zipOf(files));
    await mkdir(target);
    await unpack(archive, target);
    return target;
  }

  it("come out of the source with their modes and symbolic links", async () => {
    const source = await unpacked({
      "bin/run.sh": { text: "#!/bin/sh\n", mode: 0o100755 },
      "a/b/data": "data",
      "a/current": link("b/data"),
      dangling: link("../nowhere"),
    });
    expect((await stat(path.join(source, "bin/run.sh"))).mode & 0o777).to.equal(0o755);
    expect((await stat(path.join(source, "a/b/data"))).mode & 0o777).to.equal(0o644);
    expect(await readFile(path.join(source, "a/current"), "utf8")).to.equal("data");
    expect(await readlink(path.join(source, "dangling"))).to.equal("../nowhere");
  });

  it("are not written through a symbolic link of the archive", async () => {
    const error = await unpacked({ out: link(".."), "out/escaped": "no" }).catch((it: NodeJS.ErrnoException) => it);
    expect(error).to.be.an("error").with.property("code", "EEXIST");
    expect(await stat(path.join(folder, "escaped")).catch((it: NodeJS.ErrnoException) => it.code)).to.equal("ENOENT");
  });

  it("have the names that Linux allows, with backslashes, colons and bytes that are no UTF-8", async () => {
    const archive = path.join(folder, "source.zip");
    const names = ["x/run-acme\\x2dfoo.mount", "c:/x", "a:b", "caf\u00e9"];
    await writeFile(archive, handmadeZip(names.map((name) => ({ name, content: name }))));
    await unpack(archive, path.join(folder, "src"));
    const found = await readdir(path.join(folder, "src"), { recursive: true, encoding: "latin1" });
    expect(found).to.have.members(["x", "c:", ...names]);
  });

  for (const name of ["/etc/cron.d/x", "../x"])
    it(`are not written to ${name}`, async () => {
      const archive = path.join(folder, "source.zip");
      await writeFile(archive, handmadeZip([{ name, content: "no" }]));
      const error = await unpack(archive, path.join(folder, "src")).catch((it: Error) => it);
      expect(error).to.be.an("error").with.property("name", "CLIENT_ERROR");
    });

  it("are not taken from what is no archive", async () => {
    const archive = path.join(folder, "source.zip");
    await writeFile(archive, "a tar ball, perhaps");
    const error = await unpack(archive, folder).catch((it: Error) => it);
    expect(error).to.be.an("error").with.property("name", "CLIENT_ERROR");
  });

  describe("go into the artifact", () => {
    const none: ArtifactsSpec = { files: [], baseDirectory: ".", excludePaths: [], discardPaths: false };
    const table: [string, Partial<ArtifactsSpec>, string[]][] = [
      ["by name", { files: ["a.json"] }, ["a.json"]],
      ["by pattern, in one folder", { files: ["*.json"] }, ["a.json"]],
      [
        "by pattern, at any depth, hidden ones too",
        { files: ["**/*"] },
        [".hidden", "a.json", "d/b.json", "d/e/c.txt"],
      ],
      ["once, whatever matches", { files: ["a.json", "./a.json", "*.json"] }, ["a.json"]],
      ["but for what is excluded", { files: ["**/*"], excludePaths: ["d/**/*"] }, [".hidden", "a.json"]],
      ["not as folders", { files: ["d", "d/e"] }, []],
      ["where they exist", { files: ["nothing", "a.json"] }, ["a.json"]],
    ];
    for (const [how, spec, expected] of table)
      it(how, async () => {
        await mkdir(path.join(folder, "d/e"), { recursive: true });
        for (const name of ["a.json", ".hidden", "d/b.json", "d/e/c.txt"]) await writeFile(path.join(folder, name), "");
        expect(await matchingFiles(folder, { ...none, ...spec })).to.deep.equal(expected);
      });
  });
});
