import { chmod, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { type KeptBuildOptions, keptBuild } from "../../../../rehearsal/cloud/docker/keptBuild";
import { refusalMessage } from "../../../refusal";
import { type Builder, createBuilder } from "./support";

describe("an image that was built before", () => {
  let builder: Builder;
  let kept: string;
  let options: KeptBuildOptions;

  beforeEach(async () => {
    builder = await createBuilder();
    kept = path.join(builder.folder, "kept");
    const Dockerfile = `FROM node:24-alpine\nARG WHO\nCOPY . /app/\nRUN echo built >> ${builder.folder}/built\n`;
    const files = { Dockerfile, ".dockerignore": "*.md\n", "server.js": "server", "README.md": "read me" };
    options = { ...(await builder.options(files)), identify: async (name) => name };
  });
  afterEach(() => builder.close());

  const builds = async (): Promise<number> =>
    (await readFile(path.join(builder.folder, "built"), "utf8")).split("\n").length - 1;
  const inContext = (name: string) => path.join(options.context, name);

  it("is not built again", async () => {
    const first = await keptBuild(kept, options);
    expect(await keptBuild(kept, options)).to.deep.equal(first);
    expect(await builds()).to.equal(1);
    expect((await readFile(first.layer.path)).byteLength).to.equal(first.layer.size);
    expect(JSON.parse(await readFile(first.config.path, "utf8")).config.WorkingDir).to.equal("/");
    expect(await readdir(kept)).to.deep.equal([path.basename(path.dirname(first.layer.path))]);
  });

  it("is built once for all that ask for it at the same time", async () => {
    const images = await Promise.all([1, 2, 3].map(() => keptBuild(kept, options)));
    expect(new Set(images.map(({ config }) => config.digest)).size).to.equal(1);
    expect(await builds()).to.equal(1);
  });

  const changes: [string, () => Promise<Partial<KeptBuildOptions> | undefined>][] = [
    ["a file", async () => void (await writeFile(inContext("server.js"), "changed"))],
    ["a file's mode", async () => void (await chmod(inContext("server.js"), 0o755))],
    ["a file's name", async () => void (await writeFile(inContext("other.js"), "server"))],
    ["a folder", async () => void (await mkdir(inContext("empty")))],
    ["what is left out", async () => void (await writeFile(inContext(".dockerignore"), ""))],
    [
      "the Dockerfile",
      async () =>
        void (await writeFile(options.dockerfile, `${await readFile(options.dockerfile, "utf8")}USER node\n`)),
    ],
    ["an argument", async () => ({ arguments: new Map([["WHO", "you"]]) })],
    ["a label", async () => ({ labels: { team: "shop" } })],
    ["the platform", async () => ({ platform: "linux/arm64" })],
    ["the base image", async () => ({ identify: async (name) => `${name}@sha256:new` })],
  ];
  for (const [name, change] of changes)
    it(`is built again after a change of ${name}`, async () => {
      await keptBuild(kept, options);
      const changed = { ...options, ...(await change()) };
      await keptBuild(kept, changed);
      await keptBuild(kept, changed);
      expect(await builds()).to.equal(2);
    });

  it("is not built again after a change of what is left out", async () => {
    await keptBuild(kept, options);
    await writeFile(inContext("README.md"), "changed");
    await keptBuild(kept, options);
    expect(await builds()).to.equal(1);
  });

  it("is built again where it is damaged", async () => {
    const { layer, config } = await keptBuild(kept, options);
    const whole = await readFile(layer.path);
    await writeFile(layer.path, whole.subarray(1));
    await keptBuild(kept, options);
    expect(await readFile(layer.path)).to.deep.equal(whole);
    await writeFile(path.join(path.dirname(config.path), "image.json"), "{");
    await keptBuild(kept, options);
    expect(await builds()).to.equal(3);
  });

  it("is removed when nobody has used it for a week", async () => {
    const old = path.dirname((await keptBuild(kept, options)).layer.path);
    const used = path.dirname((await keptBuild(kept, { ...options, platform: "linux/arm64" })).layer.path);
    const longAgo = new Date(Date.now() - 8 * 24 * 60 * 60_000);
    for (const folder of [old, used]) await utimes(folder, longAgo, longAgo);
    await keptBuild(kept, { ...options, platform: "linux/arm64" });
    const newest = path.dirname((await keptBuild(kept, { ...options, platform: "linux/arm/v7" })).layer.path);
    expect((await readdir(kept)).sort()).to.deep.equal([used, newest].map((it) => path.basename(it)).sort());
  });

  it("is not kept where the build fails, and says so each time", async () => {
    await writeFile(options.dockerfile, `FROM node:24-alpine\nRUN echo built >> ${builder.folder}/built; exit 3\n`);
    for (const count of [1, 2]) {
      expect(await refusalMessage(keptBuild(kept, options))).to.match(/^line 2: RUN: process .* exit code: 3$/);
      expect(await builds()).to.equal(count);
    }
    expect(await readdir(kept)).to.deep.equal([]);
  });

  it("fails where a base image is not there, naming the line", async () => {
    const identify = async () => {
      throw new Error("not found");
    };
    expect(await refusalMessage(keptBuild(kept, { ...options, identify }))).to.equal(
      "line 1: FROM node:24-alpine: not found",
    );
  });
});
