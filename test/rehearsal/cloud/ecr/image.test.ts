import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { BatchGetImageCommandOutput } from "@aws-sdk/client-ecr";
import { expect } from "chai";
import { mirrorBaseImage } from "../../../../rehearsal/cloud/docker/mirror";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { commandOf } from "../../../../rehearsal/cloud/ecs/command";
import { createPuller } from "../../../../rehearsal/cloud/ecs/pull";
import { refusalMessage } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { writeFiles } from "../ecs/containerSupport";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const BEIJING = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn";
const PROJECT = path.resolve(__dirname, "../../../..");

describe("awsx's image", () => {
  let cloud: TestCloud;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-image-"));
    cloud = await open("us-east-1");
  });
  afterEach(async () => {
    await cloud.close();
    await rm(folder, { recursive: true });
  });

  async function open(region: string): Promise<TestCloud> {
    const opened = await createTestCloud([createEcr], { region });
    await opened.declare("aws:ecr/repository:Repository", "tool", { name: "tool" });
    return opened;
  }

  async function declare(files: Record<string, string>, inputs: object = {}, host = HOST): Promise<string> {
    await writeFiles(folder, files);
    const { outputs } = await cloud.declare("awsx:ecr:Image", "tool", {
      repositoryUrl: `${host}/tool`,
      context: folder,
      ...inputs,
    });
    return String(outputs.imageUri);
  }

  const pull = (image: string) => createPuller(cloud)({ kind: "operator" }, image);

  it("is built from its context, and told by digest", async () => {
    const Dockerfile = 'FROM node:24-alpine\nARG WHO\nWORKDIR /app\nRUN echo "$WHO" > who\nCMD ["node", "a.js"]\n';
    const uri = await declare({ Dockerfile }, { args: { WHO: "me" }, platform: "linux/amd64" });
    expect(uri).to.match(new RegExp(`^${HOST}/tool@sha256:[0-9a-f]{64}$`));
    const { config, digest, directory } = await pull(uri);
    expect(uri).to.equal(`${HOST}/tool@${digest}`);
    expect([config.Cmd, config.WorkingDir]).to.deep.equal([["node", "a.js"], "/app"]);
    expect((await readdir(directory)).sort()).to.deep.equal(["app", "etc"]);
    expect(cloud.trail.map(({ principal, operation }) => `${principal} ${operation}`)).to.include.members([
      "operator PutImage",
    ]);
  });

  it("is pushed under a tag that is a function of what is built, or the one that is given", async () => {
    const files = { Dockerfile: "FROM scratch\nCOPY a /a\n", a: "a" };
    const digest = (await declare(files, { args: { WHO: "me", WHERE: "here" } })).split("@")[1];
    const signature = `${folder};arg[WHO]=me;arg[WHERE]=heretest`;
    const tag = `${createHash("sha1").update(signature).digest("hex")}-container`;
    expect(cloud.events).to.deep.equal([{ kind: "image-pushed", repository: "tool", tags: [tag], digest }]);
    expect((await declare(files, { imageTag: "v1" })).split("@")[1]).to.equal(digest);
    const { images } = await cloud.call<object, BatchGetImageCommandOutput>(
      { kind: "operator" },
      "ecr",
      "BatchGetImage",
      {
        repositoryName: "tool",
        imageIds: [{ imageTag: tag }, { imageTag: "v1" }],
      },
    );
    expect(images?.map(({ imageId }) => imageId)).to.deep.equal([
      { imageDigest: digest, imageTag: tag },
      { imageDigest: digest, imageTag: "v1" },
    ]);
  });

  it("is the same in another account, and again in the same", async () => {
    const files = { Dockerfile: "FROM node:24-alpine\nCOPY a /a\n", a: "a" };
    const first = await declare(files);
    expect(await declare(files)).to.equal(first);
    await cloud.close();
    cloud = await open("us-east-1");
    expect(await declare(files)).to.equal(first);
    expect(await declare({ ...files, a: "b" })).not.to.equal(first);
  });

  it("takes the Dockerfile by name, and a target", async () => {
    const Dockerfile = "FROM scratch AS one\nCOPY a /one\nFROM scratch\nCOPY a /two\n";
    const files = { "docker/tool": Dockerfile, a: "a" };
    const inputs = { dockerfile: path.join(folder, "docker/tool") };
    expect(await readdir((await pull(await declare(files, inputs))).directory)).to.deep.equal(["two"]);
    const one = await declare(files, { ...inputs, target: "one" });
    expect(await readdir((await pull(one)).directory)).to.deep.equal(["one"]);
  });

  it("says which line of which file failed, and what the command wrote", async () => {
    const Dockerfile = "FROM node:24-alpine\nRUN true\nRUN echo one && echo two >&2 && exit 3\n";
    const file = path.relative(PROJECT, path.join(folder, "Dockerfile"));
    const [first, ...output] = (await refusalMessage(declare({ Dockerfile }))).split("\n");
    expect(first).to.equal(
      `${file}: line 3: RUN: process "/bin/sh -c echo one && echo two >&2 && exit 3" did not complete successfully: exit code: 3`,
    );
    expect(output.sort()).to.deep.equal(["one", "two"]);
    expect(await refusalMessage(declare({ Dockerfile: "FROM scratch\nCOPY b /\n" }))).to.equal(
      `${file}: line 2: COPY: b: not found in the build context, or left out by .dockerignore`,
    );
  });

  const scratch = { Dockerfile: "FROM scratch\n" };
  const refused: [string, object, string][] = [
    [
      "another registry",
      { repositoryUrl: "docker.io/acme/tool" },
      `repositoryUrl docker.io/acme/tool: it is no repository of this account's registry, ${HOST}`,
    ],
    [
      "a repository that is not there",
      { repositoryUrl: `${HOST}/other` },
      "The repository with name 'other' does not exist in the registry with id '123456789012'",
    ],
    [
      "an input that is not simulated",
      { cacheFrom: ["tool:v1"] },
      "awsx:ecr:Image tool: cacheFrom is not simulated: leave it out, or teach rehearsal/cloud what it does.",
    ],
  ];
  for (const [name, inputs, message] of refused)
    it(`is refused with ${name}`, async () => {
      expect(await refusalMessage(declare(scratch, inputs))).to.equal(message);
    });

  describe("in Beijing", () => {
    const files = { Dockerfile: "ARG BASE\nFROM $BASE/node:24-alpine\nRUN node --version\n" };

    beforeEach(async () => {
      await cloud.close();
      cloud = await open("cn-north-1");
    });

    it("begins with a base image of the account's own registry, once somebody has mirrored it", async () => {
      const inputs = { args: { BASE: `${BEIJING}/mirror` } };
      const file = path.relative(PROJECT, path.join(folder, "Dockerfile"));
      expect(await refusalMessage(declare(files, inputs, BEIJING))).to.match(
        new RegExp(`^${file}: line 2: FROM ${BEIJING}/mirror/node:24-alpine: .*mirror/node.* does not exist`),
      );
      await mirrorBaseImage(cloud, "mirror/node", "24-alpine");
      expect(await declare(files, inputs, BEIJING)).to.match(new RegExp(`^${BEIJING}/tool@sha256:`));
    });

    it("begins with a public one too: it is built outside China, or wherever its engineer is", async () => {
      const inputs = { args: { BASE: "public.ecr.aws/docker/library" } };
      expect(await declare(files, inputs, BEIJING)).to.match(new RegExp(`^${BEIJING}/tool@sha256:`));
    });
  });

  describe("of pull requests", () => {
    const context = "images/gitops-pr";

    it("holds the program, what it imports, and git", async () => {
      const { config, directory } = await pull(await declare({}, { context }));
      const sources = (await readdir(path.join(PROJECT, context))).filter((it) => it.endsWith(".ts"));
      const packages = ["askpass.sh", "node_modules", "package-lock.json", "package.json"];
      expect((await readdir(path.join(directory, "app"))).sort()).to.deep.equal([...sources, ...packages].sort());
      expect((await stat(path.join(directory, "app/askpass.sh"))).mode & 0o111).to.equal(0o111);
      const installed = await readdir(path.join(directory, "app/node_modules"), { recursive: true });
      expect(installed).to.include.members([
        "@aws-sdk/client-dynamodb",
        "@octokit/core",
        "@octokit/plugin-retry",
        "yaml",
      ]);
      expect(installed.filter((it) => it.endsWith(".d.ts"))).to.deep.equal([]);
      expect(await readdir(path.join(directory, "usr/bin"))).to.deep.equal(["git"]);
      expect({ Cmd: config.Cmd, User: config.User, WorkingDir: config.WorkingDir }).to.deep.equal({
        Cmd: ["node", "main.ts"],
        User: "node",
        WorkingDir: "/app",
      });
    });

    it("starts, and finds every module in the image", async () => {
      const { config, directory: root } = await pull(await declare({}, { context }));
      const { command, directory, environment } = commandOf({}, config, root, {}, {});
      const { stdout, stderr } = spawnSync(command[0] ?? "", command.slice(1), { cwd: directory, env: environment });
      expect(stderr.toString()).to.equal("");
      // It has come as far as reading what the task definition gives it.
      expect(JSON.parse(stdout.toString()))
        .to.have.property("message")
        .that.matches(/^OPTIONS /);
    });
  });
});
