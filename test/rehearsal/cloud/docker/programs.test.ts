import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect } from "chai";
import { build } from "../../../../rehearsal/cloud/docker/build";
import { createImageStore } from "../../../../rehearsal/cloud/docker/imageStore";
import { systemOf, systemOfTag } from "../../../../rehearsal/cloud/docker/operatingSystem";
import { commandOf } from "../../../../rehearsal/cloud/ecs/command";
import { refusalMessage } from "../../../refusal";
import { type Builder, createBuilder, NODE_IMAGE } from "./support";

const ALPINE = "FROM node:24.21.0-alpine3.24\n";

describe("the programs of an image", () => {
  let builder: Builder;

  beforeEach(async () => {
    builder = await createBuilder();
  });
  afterEach(() => builder.close());

  /** What a task of the image does for a shell command. */
  function inTask(root: string, command: string): { status: number | null; output: string } {
    const definition = { command: ["sh", "-c", command] };
    const {
      command: [program = "", ...rest],
      environment,
      directory,
    } = commandOf(definition, NODE_IMAGE, root, {}, {});
    const { status, stdout, stderr } = spawnSync(program, rest, { cwd: directory, env: environment, encoding: "utf8" });
    return { status, output: (stdout + stderr).trim() };
  }

  const own = spawnSync("git", ["--version"], { encoding: "utf8" }).stdout.trim();

  it("are killed with whoever builds the image", async () => {
    const killed = new AbortController();
    let pid = 0;
    const waits = "FROM node\nRUN exec node -e 'console.log(process.pid); setInterval(() => {}, 1e6)'\n";
    const options = {
      ...(await builder.options({ Dockerfile: waits })),
      signal: killed.signal,
      output: (line: string) => {
        pid = Number(line);
        killed.abort();
      },
    };
    const message = await refusalMessage(build(createImageStore(path.join(builder.folder, "store")), options));
    expect(message).to.equal("line 2: RUN: This operation was aborted");
    expect(() => process.kill(pid, 0)).to.throw("ESRCH");
  });

  it("are not started once whoever builds the image was killed", async () => {
    const killed = new AbortController();
    const lines: string[] = [];
    const options = {
      ...(await builder.options({ Dockerfile: "FROM node\nRUN echo started\n" })),
      signal: killed.signal,
      // Before the first instruction.
      print: () => killed.abort(),
      output: (line: string) => lines.push(line),
    };
    await refusalMessage(build(createImageStore(path.join(builder.folder, "store")), options));
    expect(lines).to.deep.equal([]);
  });

  it("have git where the image installs it", async () => {
    const { root, output } = await builder.build({
      Dockerfile: `${ALPINE}RUN apk add --no-cache git~=2.54 && git --version\n`,
    });
    expect(output).to.deep.equal(["(1/1) Installing git (this computer's own)", own]);
    expect(inTask(root, "git --version")).to.deep.equal({ status: 0, output: own });
  });

  for (const tag of ["24-alpine", "24-slim", "24.21.0-bookworm-slim"])
    it(`have no git in a small image that does not: ${tag}`, async () => {
      const [said, failed] = await builder.failure({ Dockerfile: `FROM node:${tag}\nRUN git --version\n` });
      expect(said).to.match(/git: (command )?not found$/);
      expect(failed).to.match(/^line 2: RUN: process "\/bin\/sh -c git --version" .*: exit code: 127$/);
      const { root } = await builder.build({ Dockerfile: `FROM node:${tag}\n` });
      const { status, output } = inTask(root, "git --version");
      expect(status).to.equal(127);
      expect(output).to.match(/git: (command )?not found$/);
    });

  it("have this computer's in a large image", async () => {
    const { root, output } = await builder.build({ Dockerfile: "FROM node:24\nRUN git --version\n" });
    expect(output).to.deep.equal([own]);
    expect(inTask(root, "git --version")).to.deep.equal({ status: 0, output: own });
  });

  it("have git in no stage but those that install it", async () => {
    const Dockerfile = [
      `${ALPINE.trim()} AS one`,
      "RUN apk add --no-cache git",
      ALPINE.trim(),
      "COPY --from=one /etc/os-release /srv/",
      "RUN git --version",
      "",
    ];
    const [, said, failed] = await builder.failure({ Dockerfile: Dockerfile.join("\n") });
    expect(said).to.match(/git: (command )?not found$/);
    expect(failed).to.match(/^line 5: RUN: /);
  });

  it("have Node.js, npm, a shell's tools, and scripts that the image brings", async () => {
    const { root } = await builder.build({
      Dockerfile: `${ALPINE}ENV PATH=/app/bin:$PATH\nCOPY --chmod=755 greet /usr/local/bin/\n`,
      greet: "#!/bin/sh\necho hello\n",
    });
    const { status, output } = inTask(
      root,
      "node --version && npm --version >/dev/null && printf 'b\\na\\n' | sort && greet",
    );
    expect({ status, output }).to.deep.equal({ status: 0, output: `${process.version}\na\nb\nhello` });
  });

  describe("apk", () => {
    const pin = (branch: string, wish: string): [string, string] => [branch, `apk add --no-cache ${wish}`];
    const refused: [string, [tag: string, command: string], string[]][] = [
      [
        "names the packages that it does not have",
        pin("3.24", "git~=2.54 curl openssh-client=9.9_p2-r0"),
        [
          "ERROR: unable to select packages:",
          "  curl (not simulated): the rehearsal installs what this computer has for it: git",
          "  openssh-client (not simulated): the rehearsal installs what this computer has for it: git",
        ],
      ],
      [
        "knows which version a branch has",
        pin("3.24", "git~=2.52"),
        ["ERROR: unable to select packages:", "  git-2.54.0-r0:", "    breaks: world[git~=2.52]"],
      ],
      [
        "does not take part of a number for it",
        pin("3.24", "git~=2.5"),
        ["ERROR: unable to select packages:", "  git-2.54.0-r0:", "    breaks: world[git~=2.5]"],
      ],
      [
        "does not take a part of the version for all of it",
        pin("3.23", "git=2.52"),
        ["ERROR: unable to select packages:", "  git-2.52.0-r0:", "    breaks: world[git=2.52]"],
      ],
      [
        "says how to pin otherwise",
        pin("3.22", "'git>2'"),
        ["ERROR: unable to select packages:", "  git>2 (not simulated): pin git by git~=2.49"],
      ],
      [
        "has no packages for the build alone",
        ["3.24", "apk add --no-cache --virtual .build git"],
        ["ERROR: apk add --virtual: not simulated: install for the build in a stage of its own"],
      ],
      [
        "has no other commands",
        ["3.24", "apk upgrade"],
        ["ERROR: apk upgrade: not simulated: the rehearsal's apk knows add and update"],
      ],
    ];
    for (const [name, [branch, command], expected] of refused)
      it(name, async () => {
        const failed = await builder.failure({ Dockerfile: `FROM node:24-alpine${branch}\n\nRUN ${command}\n` });
        expect(failed.slice(0, -1)).to.deep.equal(expected);
        expect(failed.at(-1)).to.equal(
          `line 3: RUN: process "/bin/sh -c ${command}" did not complete successfully: exit code: 1`,
        );
      });

    const taken: [string, string][] = [
      ["24-alpine3.24", "git=2.54.0-r3"],
      ["24-alpine3.24", "git~2"],
      ["24-alpine3.21", "git~=2.47.3"],
      // Which branch it is, nobody has said.
      ["24-alpine", "git~=2.30"],
      // Newer than what is known of Alpine here.
      ["24-alpine3.99", "git~=9.9"],
    ];
    for (const [tag, wish] of taken)
      it(`installs ${wish} on ${tag}`, async () => {
        const Dockerfile = `FROM node:${tag}\nRUN apk update && apk add -q --no-cache ${wish}\n`;
        const { root } = await builder.build({ Dockerfile });
        expect(inTask(root, "command -v git").output).to.equal(path.join(root, "usr/bin/git"));
      });
  });

  const systems: [string, ReturnType<typeof systemOfTag>][] = [
    ["24-alpine", { id: "alpine", version: undefined }],
    ["alpine3.23", { id: "alpine", version: "3.23" }],
    ["24.21.0-alpine3.24", { id: "alpine", version: "3.24" }],
    ["slim", { id: "debian-slim" }],
    ["24-trixie-slim", { id: "debian-slim" }],
    ["24", undefined],
    ["24-bookworm", undefined],
    ["latest", undefined],
    [`sha256:${"a".repeat(64)}`, undefined],
  ];
  for (const [tag, system] of systems)
    it(`are those of ${system === undefined ? "a large image" : system.id} in node:${tag}`, () => {
      expect(systemOfTag(tag)).to.deep.equal(system);
    });

  it("are those of the system that the image's own file names", async () => {
    const { root } = await builder.build({ Dockerfile: `${ALPINE}RUN cat etc/os-release\n` });
    expect(systemOf(root)).to.deep.equal({ id: "alpine", version: "3.24" });
    const other = await builder.build({
      Dockerfile: "FROM node:24\nCOPY os-release /etc/\n",
      "os-release": "ID=arch\n",
    });
    expect(systemOf(other.root)).to.equal(undefined);
  });
});
