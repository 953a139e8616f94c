import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { defaultBuildspec } from "../../handlers/buildspec";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const DIGEST = `sha256:${"a".repeat(64)}`;

const buildspec: {
  env: { shell: string; "exported-variables": string[] };
  phases: Record<string, { commands: string[] }>;
} = parse(defaultBuildspec);

const environment = {
  IMAGE_REPOSITORY: `${REGISTRY}/storefront`,
  DOCKERFILE: "docker/Dockerfile",
  CONTEXT: ".",
  BUILD_ARGUMENTS: "",
  TEST_COMMAND: "",
  SOURCE_BUCKET: "source",
  SOURCE_KEY: "storefront/source.zip",
  SOURCE_VERSION_ID: "v1",
};

// Each says what it was called with, an argument a field, and answers what a test gives it.
const STAND_INS = {
  aws: `echo "aws|$(IFS='|'; echo "$*")" >> "$CALLS"
case "$1" in
  s3api) echo "$COMMIT" ;;
  ecr) echo "password" ; exit "\${LOGIN_CODE:-0}" ;;
esac`,
  docker: `echo "docker|$(IFS='|'; echo "$*")" >> "$CALLS"
case "$1" in
  login) echo "stdin|$(cat)" >> "$CALLS" ;;
  inspect) echo "${REGISTRY}/storefront@${DIGEST}" ;;
  push) exit "\${PUSH_CODE:-0}" ;;
esac`,
};

interface Run {
  code: number | null;
  calls: string[];
  exported: Record<string, string | undefined>;
  definitions: string | undefined;
}

/** Runs all commands in one shell, as CodeBuild does, up to the first that fails. */
function run(variables: Record<string, string> = {}): Run {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-buildspec-"));
  try {
    const bin = path.join(folder, "bin");
    mkdirSync(bin);
    for (const [name, text] of Object.entries(STAND_INS)) {
      writeFileSync(path.join(bin, name), `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });
    }
    const commands = Object.values(buildspec.phases).flatMap((phase) => phase.commands);
    const script = commands.map((command) => `${command}\n[ $? -eq 0 ] || exit 1\n`).join("");
    const show = buildspec.env["exported-variables"].map((name) => `printenv ${name} >> "$EXPORTED"\n`).join("");
    const files = { CALLS: path.join(folder, "calls"), EXPORTED: path.join(folder, "exported") };
    writeFileSync(files.CALLS, "");
    writeFileSync(files.EXPORTED, "");
    const { status } = spawnSync("bash", ["-c", script + show], {
      cwd: folder,
      env: { PATH: `${bin}:${process.env.PATH}`, COMMIT, ...files, ...environment, ...variables },
    });
    const values = readFileSync(files.EXPORTED, "utf8").split("\n");
    return {
      code: status,
      calls: readFileSync(files.CALLS, "utf8").trim().split("\n"),
      exported: Object.fromEntries(buildspec.env["exported-variables"].map((name, index) => [name, values[index]])),
      definitions: status === 0 ? readFileSync(path.join(folder, "imagedefinitions.json"), "utf8") : undefined,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const head =
  "aws|s3api|head-object|--bucket|source|--key|storefront/source.zip|--version-id|v1|--query|Metadata.commit|--output|text";
const login = [
  "aws|ecr|get-login-password",
  `docker|login|--username|AWS|--password-stdin|${REGISTRY}`,
  "stdin|password",
];
const image = `${REGISTRY}/storefront:${COMMIT}`;
const after = [`docker|push|${image}`, `docker|inspect|--format|{{index .RepoDigests 0}}|${image}`];

describe("default buildspec", () => {
  it("is run by bash, whose arrays it uses", () => {
    expect(buildspec.env.shell).to.equal("bash");
  });

  it("builds, pushes and exports the image of the commit", () => {
    const { calls, ...result } = run();
    // The two sides of the login's pipe start at once.
    expect([...calls].sort()).to.deep.equal(
      [head, ...login, `docker|build|--file|docker/Dockerfile|--tag|${image}|.`, ...after].sort(),
    );
    expect(result).to.deep.equal({
      code: 0,
      exported: { IMAGE_URI: `${REGISTRY}/storefront@${DIGEST}`, IMAGE_DIGEST: DIGEST, IMAGE_TAG: COMMIT },
      definitions: `[{"name":"app","imageUri":"${REGISTRY}/storefront@${DIGEST}"}]`,
    });
  });

  it("passes build arguments by name, and values as they are", () => {
    const { calls } = run({ BUILD_ARGUMENTS: "BASE_IMAGE FLAGS", BASE_IMAGE: "node:24", FLAGS: "two words" });
    expect(calls).to.include(
      `docker|build|--file|docker/Dockerfile|--tag|${image}|--build-arg|BASE_IMAGE|--build-arg|FLAGS|.`,
    );
  });

  it("runs the test command before it builds", () => {
    const { calls, code } = run({ TEST_COMMAND: 'echo "tested|$IMAGE_TAG" >> "$CALLS"; true && true' });
    expect(code).to.equal(0);
    expect(calls.slice(4, 6)).to.deep.equal([
      `tested|${COMMIT}`,
      `docker|build|--file|docker/Dockerfile|--tag|${image}|.`,
    ]);
  });

  const failures: [string, Record<string, string>, string][] = [
    ["whose tests fail builds nothing", { TEST_COMMAND: "false" }, "docker|build"],
    ["whose archive names no commit goes no further", { COMMIT: "None" }, "aws|ecr"],
    ["that ECR gives no password does not build", { LOGIN_CODE: "1" }, "docker|build"],
    ["that cannot be pushed exports no image", { PUSH_CODE: "1" }, "docker|inspect"],
  ];
  for (const [what, variables, never] of failures) {
    it(what, () => {
      const { code, calls } = run(variables);
      expect(code).to.equal(1);
      expect(calls.filter((call) => call.startsWith(never))).to.deep.equal([]);
    });
  }
});
