import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { installStandIns, type StandIns } from "../../../../rehearsal/cloud/codeBuild/standIns";
import { dockerEnvironment } from "../../../../rehearsal/cloud/docker/environment";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createPuller } from "../../../../rehearsal/cloud/ecs/pull";
import { createTestCloud } from "../../support";
import { loginPassword, writeFiles } from "../ecs/containerSupport";
import { type Docker, dockerIn } from "./support";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

describe("docker stand-in", () => {
  let programs: string;
  let standIns: StandIns;
  let folder: string;
  let dockerRun: Docker["run"];
  let complaint: Docker["complaint"];

  before(async () => {
    programs = await mkdtemp(path.join(tmpdir(), "slipway-docker-"));
    standIns = await installStandIns(programs);
  });
  after(async () => {
    await standIns.close();
    await rm(programs, { recursive: true });
  });
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-docker-"));
    ({ run: dockerRun, complaint } = dockerIn(folder, programs));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe("build", () => {
    const build = (...args: string[]) => dockerRun(["build", "--quiet", ...args, "context"]);
    const write = (files: Record<string, string>) => writeFiles(path.join(folder, "context"), files);

    /** The configuration and files of an image, files by their path. */
    async function contents(tag: string): Promise<{ config: Record<string, unknown>; files: Record<string, string> }> {
      const cloud = await createTestCloud([createEcr]);
      try {
        await cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop" });
        await cloud.start();
        const name = `${HOST}/${tag}`;
        const environment = dockerEnvironment(cloud);
        await dockerRun(["tag", tag, name]);
        await dockerRun(
          ["login", "--username", "AWS", "--password-stdin", HOST],
          environment,
          await loginPassword(cloud),
        );
        await dockerRun(["push", name], environment);
        const { config, directory } = await createPuller(cloud)({ kind: "operator" }, name);
        const entries = await readdir(directory, { recursive: true, withFileTypes: true });
        const files = entries
          .filter((it) => it.isFile())
          .map((it) => path.join(it.parentPath, it.name))
          .sort();
        const texts = files.map(async (it) => [path.relative(directory, it), await readFile(it, "utf8")]);
        return { config: { ...config }, files: Object.fromEntries(await Promise.all(texts)) };
      } finally {
        await cloud.close();
      }
    }

    it("lets modules that RUN loads find those of the image alone", async () => {
      await write({
        Dockerfile: "FROM node\nENV NODE_OPTIONS=--no-warnings\nCOPY . .\nRUN node own.js\nRUN node other.js\n",
        "own.js": 'require("node:fs"); require("./node_modules/dependency"); require("dependency");',
        "node_modules/dependency/index.js": "",
        "other.js": `require(${JSON.stringify(path.resolve("package.json"))});`,
      });
      const complained = await complaint(["build", "context"]);
      expect(complained).to.match(/^Error: Cannot find module '\/.*package\.json' \(it is not in the image\)$/m);
      expect(complained).to.match(/line 5: RUN: process "\/bin\/sh -c node other\.js" did not complete .*: 1$/);
    });

    it("installs what Alpine's package manager is asked for, and says what it cannot", async () => {
      const from = "FROM node:24-alpine3.24\nRUN apk add --no-cache ";
      await write({ Dockerfile: `${from}git~=2.54\n` });
      await build("--tag", "shop:v1");
      expect((await contents("shop:v1")).files["usr/bin/git"]).to.match(/^#!\/bin\/sh\nexec '\/.*\/git' "\$@"\n$/);
      await write({ Dockerfile: `${from}curl\n` });
      expect(await complaint(["build", "context"])).to.include(
        "curl (not simulated): the rehearsal installs what this computer has for it: git\n",
      );
    });

    it("gives the image the labels of the command line, which win over the Dockerfile's", async () => {
      await write({
        Dockerfile: "FROM node\nENV GREETING=hello\nLABEL team=shop stage=dev\nLABEL note='two words'\n",
      });
      const schedules = Buffer.from("schedules: []\n").toString("base64");
      await build(
        "--tag",
        "shop:v1",
        "--label",
        `slipway.schedules=${schedules}`,
        "--label",
        "stage=prod",
        "--label",
        "bare",
      );
      const { config } = await contents("shop:v1");
      expect(config.Labels).to.deep.equal({
        team: "shop",
        stage: "prod",
        note: "two words",
        "slipway.schedules": schedules,
        bare: "",
      });
      expect(config.Env).to.include("GREETING=hello");
    });

    it("interprets the Dockerfile, in stages, with the laptop's own Node.js", async () => {
      await write({
        Dockerfile: [
          "ARG BASE=public.ecr.aws/docker/library/node:24-alpine",
          `FROM \${BASE} AS build`,
          "ARG VERSION=none",
          "WORKDIR /app",
          "COPY package*.json tsconfig.json ./",
          'RUN node -p "process.env.VERSION + process.env.HIDDEN" > version.txt',
          "COPY src src",
          `FROM \${BASE}`,
          'ENV NODE_ENV=production GREETING="hello there"',
          "WORKDIR /srv/app",
          "COPY --from=build --chown=node:node /app .",
          "COPY assets/* /srv/assets/",
          "USER node",
          "EXPOSE 8080",
          "LABEL team=shop",
          'CMD ["node", "src/server.js"]',
        ].join("\n"),
        ".dockerignore": "*.secret\n**/*.test.js\n",
        "package.json": "{}",
        "tsconfig.json": "[]",
        "src/server.js": "server",
        "src/server.test.js": "test",
        "src/lib/a.js": "a",
        "assets/b.txt": "b",
        "assets/c.secret": "c",
      });
      await build("--tag", "shop:v1", "--build-arg", "VERSION=1.0");
      const { config, files } = await contents("shop:v1");
      expect(files).to.deep.equal({
        "etc/os-release": "ID=alpine\n",
        "srv/app/package.json": "{}",
        "srv/app/tsconfig.json": "[]",
        "srv/app/version.txt": "1.0undefined\n",
        "srv/app/src/server.js": "server",
        "srv/app/src/lib/a.js": "a",
        "srv/assets/b.txt": "b",
        "srv/assets/c.secret": "c",
      });
      expect(config).to.deep.equal({
        Env: [
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          `NODE_VERSION=${process.versions.node}`,
          "NODE_ENV=production",
          "GREETING=hello there",
        ],
        Entrypoint: ["docker-entrypoint.sh"],
        Cmd: ["node", "src/server.js"],
        WorkingDir: "/srv/app",
        User: "node",
        ExposedPorts: { "8080/tcp": {} },
        Labels: { team: "shop" },
      });
    });

    it("gives the same context the same digest, and another one to other contents", async () => {
      const Dockerfile = "FROM scratch\nCOPY . /app\n";
      await write({ Dockerfile, "a.txt": "1", "b/c.txt": "2" });
      await symlink("a.txt", path.join(folder, "context", "link"));
      const first = await build();
      expect(await build()).to.equal(first);
      await write({ "b/c.txt": "3" });
      expect(await build()).not.to.equal(first);
      expect(first).to.match(/^sha256:[0-9a-f]{64}$/);
    });

    it("takes the Dockerfile by name, arguments from the environment, and a target", async () => {
      await write({ "deploy/Dockerfile": 'FROM node AS one\nARG WHO\nRUN test "$WHO" = me\nFROM one\nRUN exit 3\n' });
      const args = [
        "build",
        "-q",
        "-f",
        "context/deploy/Dockerfile",
        "--build-arg",
        "WHO",
        "--target",
        "one",
        "context",
      ];
      expect(await dockerRun(args, { WHO: "me" })).to.match(/^sha256:/);
      expect(await complaint(args, { WHO: "you" })).to.match(/line 3: RUN: .*exit code: 1$/);
    });

    it("resets the base's command when there is a new entry point, and keeps the stage's own", async () => {
      await write({
        Dockerfile: 'FROM node\nENTRYPOINT ["node", "a.js"]\n',
        Later: 'FROM node\nCMD ["b"]\nENTRYPOINT node a.js\n',
      });
      await build("--tag", "shop:entry");
      await build("--tag", "shop:later", "--file", "context/Later");
      const [entry, later] = [(await contents("shop:entry")).config, (await contents("shop:later")).config];
      expect([entry.Entrypoint, entry.Cmd]).to.deep.equal([["node", "a.js"], []]);
      expect([later.Entrypoint, later.Cmd]).to.deep.equal([["/bin/sh", "-c", "node a.js"], ["b"]]);
    });

    const mistakes: [name: string, dockerfile: string, message: RegExp][] = [
      ["an unknown instruction", "FROM node\n\nFROBNICATE x", /^ERROR: line 3: FROBNICATE: unknown instruction$/],
      ["an unknown base", "FROM python:3", /^ERROR: line 1: FROM python:3: the rehearsal has no such image/],
      [
        "a missing source",
        "FROM node\nCOPY nothing.js .",
        /^ERROR: line 2: COPY: nothing\.js: not found in the build context/,
      ],
      ["a source outside", "FROM node\nCOPY ../x .", /^ERROR: line 2: COPY: forbidden path outside the build context/],
      [
        "several sources to a file",
        "FROM node\nCOPY a b c",
        /^ERROR: line 2: COPY: .*must be a directory and end with a \/$/,
      ],
      [
        "a command that fails",
        "FROM node\nRUN exit 3",
        /line 2: RUN: process "\/bin\/sh -c exit 3" did not complete .*: 3$/,
      ],
      [
        "a flag",
        "FROM node\nRUN --mount=type=secret,id=x true",
        /^ERROR: line 2: RUN: --mount=type=secret,id=x is not simulated$/,
      ],
      ["an address", "FROM node\nADD https://example.com/x .", /^ERROR: line 2: ADD: .* addresses and archives/],
    ];
    for (const [name, Dockerfile, message] of mistakes)
      it(`refuses ${name}, naming line and instruction`, async () => {
        await write({ Dockerfile, a: "", b: "" });
        expect(await complaint(["build", "-q", "context"])).to.match(message);
      });
  });

  it("says what it does not know", async () => {
    expect(await complaint(["run", "shop"])).to.equal(
      "ERROR: docker run: not simulated: the rehearsal's docker knows login, build, tag, push, inspect",
    );
    await writeFiles(path.join(folder, "context"), { Dockerfile: "FROM scratch\n" });
    await dockerRun(["build", "-q", "-t", "shop", "context"]);
    expect(await complaint(["inspect", "-f", "{{.Size}}", "shop"])).to.match(
      /--format \{\{\.Size\}\} is not simulated/,
    );
    expect(await complaint(["build", "--squash", "context"])).to.match(/Unknown option '--squash'/);
  });
});
