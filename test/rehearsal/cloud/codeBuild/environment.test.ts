import path from "node:path";
import { expect } from "chai";
import { type BuildCloud, createBuildCloud, secretArn } from "./support";

describe("rehearsed CodeBuild: the environment of a build", () => {
  let account: BuildCloud;

  beforeEach(async () => {
    account = await createBuildCloud();
  });

  afterEach(() => account.cloud.close());

  it("lets modules of the source find no packages but its own", async () => {
    await account.declare();
    const buildspec = `
version: 0.2
phases:
  build:
    commands:
      - node load.js ./own.js
      - node load.js ${path.resolve("package.json")}
      - aws ecr get-login-password 2>&1 | grep -c "Cannot find module" || true
`;
    await account.build({
      "buildspec.yml": buildspec,
      "load.js": `try { require(process.argv[2]); console.log("loaded"); } catch (error) { console.log(error.message.split("\\n")[0]); }`,
      "own.js": "",
    });
    const file = path.resolve("package.json");
    expect(await account.printed()).to.deep.equal([
      "loaded",
      `Cannot find module '${file}' (it is not in the source, nor installed by the build)`,
      // The stand-in of the AWS CLI loads the project's SDK.
      "0",
    ]);
  });

  it("gives a build its variables, credentials and programs, and nothing of its own environment", async () => {
    process.env.SLIPWAY_TEST_LEAK = "leaked";
    await account.declare({
      environment: {
        environmentVariables: [
          { name: "FROM_PROJECT", value: "project", type: "PLAINTEXT" },
          { name: "BOTH", value: "project" },
        ],
      },
    });
    const buildspec =
      "version: 0.2\nenv: { variables: { BOTH: spec, OWN: spec } }\nphases: { build: { commands: [env] } }";
    const ran = await account.build(
      { "buildspec.yml": buildspec },
      { environmentVariablesOverride: [{ name: "BOTH", value: "action" }] },
    );
    delete process.env.SLIPWAY_TEST_LEAK;
    const environment = new Map(
      (await account.printed()).map((it) => [it.split("=")[0], it.slice(it.indexOf("=") + 1)]),
    );
    const expected = {
      FROM_PROJECT: "project",
      BOTH: "action",
      OWN: "spec",
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: account.cloud.endpointUrl,
      CODEBUILD_BUILD_ID: ran.id,
      CODEBUILD_BUILD_NUMBER: "1",
      CODEBUILD_SOURCE_VERSION: "arn:aws:s3:::acme-artifacts/in",
      CODEBUILD_RESOLVED_SOURCE_VERSION: "version-1",
    };
    for (const [name, value] of Object.entries(expected)) expect(environment.get(name), name).to.equal(value);
    expect(environment.has("SLIPWAY_TEST_LEAK")).to.equal(false);
    expect(environment.get("HOME")).to.match(/^.*\/codeBuild\/[0-9a-f-]{36}\/home$/);
    expect(environment.get("PATH")?.split(":").slice(-3)).to.deep.equal([
      path.dirname(process.execPath),
      "/usr/bin",
      "/bin",
    ]);
  });

  it("reads secrets under its role, and hides them in the log", async () => {
    await account.declare();
    const buildspec = `
version: 0.2
env: { secrets-manager: { TOKEN: "${secretArn}:token" } }
phases: { build: { commands: ['echo "the token is $TOKEN"', 'test "$TOKEN" = hush-1234'] } }`;
    expect((await account.build({ "buildspec.yml": buildspec })).buildStatus).to.equal("SUCCEEDED");
    expect(await account.printed()).to.deep.equal(["the token is ***"]);
  });

  describe("the programs of the build image", () => {
    const running = (...commands: string[]) => ({
      "buildspec.yml": `version: 0.2\nphases: { build: { commands: ${JSON.stringify(commands)} } }`,
    });

    it("has an AWS CLI that asks S3 under the build's role", async () => {
      await account.declare();
      const head = "aws s3api head-object --bucket acme-artifacts --key in";
      await account.build(
        running(
          `version="$(${head} --query VersionId --output text)"`,
          `${head} --version-id "$version" --query Metadata.commit --output text`,
          `${head} --query Metadata.nothing --output text`,
          'npm --version | grep -c "^[0-9]"',
        ),
      );
      expect(await account.printed()).to.deep.equal(["c0ffee", "None", "1"]);
    });

    it("names the commands of the AWS CLI that it does not have", async () => {
      await account.declare();
      await account.build(
        running("aws sts get-caller-identity || echo $?", "aws s3api head-object --range 1 || echo $?"),
      );
      expect(await account.printed()).to.deep.equal([
        "\n",
        "aws sts get-caller-identity is not simulated: the rehearsal has dynamodb get-item, ecr batch-get-image, ecr get-login-password, s3api head-object",
        "252",
        "\n",
        "aws s3api head-object --range 1 is not simulated",
        "252",
      ]);
    });

    it("has Docker in privileged mode alone", async () => {
      await account.declare({ environment: { privilegedMode: true } });
      await account.build(running("docker nothing || true"));
      expect((await account.printed()).join()).to.include("docker nothing");
    });

    it("has no Docker daemon otherwise", async () => {
      await account.declare();
      const ran = await account.build(running("docker nothing"));
      expect((await account.printed()).join()).to.include("Cannot connect to the Docker daemon");
      expect(ran.buildStatus).to.equal("FAILED");
    });
  });
});
