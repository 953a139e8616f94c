import { expect } from "chai";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import {
  type BuildCloud,
  type Content,
  createBuildCloud,
  type Declared,
  failure,
  link,
  operator,
  phases,
} from "./support";

describe("rehearsed CodeBuild", () => {
  let account: BuildCloud;

  beforeEach(async () => {
    account = await createBuildCloud();
  });

  afterEach(() => account.cloud.close());

  it("runs the phases of the source's buildspec in one shell, and uploads its artifacts", async () => {
    await account.declare();
    const buildspec = `
version: 0.2
env:
  variables: { GREETING: hello, COUNT: 3 }
  exported-variables: [TAG, LOCAL, LINES]
phases:
  install:
    runtime-versions: { nodejs: 24 }
    commands: [LOCAL=kept, cd scripts]
  pre_build:
    commands:
      - say() { echo "$GREETING $COUNT $1"; }
      - export TAG="$(./tag.sh)"
      - cd ..
  build:
    commands:
      - say "$LOCAL"
      - cat linked
      - >-
        mkdir -p dist/deep && touch dist/one.json dist/deep/two.json dist/three.txt
    finally: [echo "finally of build"]
  post_build:
    commands:
      - echo "succeeding $CODEBUILD_BUILD_SUCCEEDING"
      - export LINES="$(printf 'a\\nb')"
reports: { unit: { files: [junit.xml] } }
artifacts:
  base-directory: dist
  files: ["**/*.json"]
`;
    const ran = await account.build({
      "buildspec.yml": buildspec,
      "scripts/tag.sh": { text: "#!/bin/sh\necho v1\n", mode: 0o100755 },
      "data.txt": "from a link\n",
      linked: link("data.txt"),
    });
    expect(await account.printed()).to.deep.equal(["hello 3 kept", "from a link", "finally of build", "succeeding 1"]);
    expect(ran).to.deep.include({ buildStatus: "SUCCEEDED", buildComplete: true, buildNumber: 1 });
    expect(phases(ran)).to.deep.equal(
      [
        ...["SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"],
        ...["UPLOAD_ARTIFACTS", "FINALIZING"],
      ].map((it) => `${it}: SUCCEEDED`),
    );
    // LOCAL was never exported: it is a variable of the shell, and none of the environment.
    expect(ran.exportedEnvironmentVariables).to.deep.equal([
      { name: "TAG", value: "v1" },
      { name: "LINES", value: "a\nb" },
    ]);
    expect(await account.artifact()).to.deep.equal(["deep/two.json", "one.json"]);
  });

  it("runs the project's own buildspec, with node, on a source that has none", async () => {
    const program = `const { ImageURI, ImageTags } = JSON.parse(fs.readFileSync("imageDetail.json", "utf8"));
      fs.writeFileSync("imagedefinitions.json", JSON.stringify([{ name: "app", imageUri: ImageURI }]));
      console.log(ImageTags.find((it) => /^[0-9a-f]{40}$/.test(it)) ?? ImageTags[0]);`;
    const buildspec = {
      version: 0.2,
      env: { shell: "bash", "exported-variables": ["IMAGE_TAG", "IMAGE_DIGEST"] },
      phases: {
        build: {
          commands: [
            `export IMAGE_TAG="$(node -e '${program}')"`,
            `export IMAGE_DIGEST="$(node -p 'require("./imageDetail.json").ImageDigest')"`,
          ],
        },
      },
      artifacts: { files: ["imagedefinitions.json"] },
    };
    await account.declare({ source: { type: "CODEPIPELINE", buildspec: JSON.stringify(buildspec, null, 2) } });
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const detail = { ImageURI: "registry/shop@sha256:abc", ImageDigest: "sha256:abc", ImageTags: ["dev", commit] };
    const ran = await account.build({ "imageDetail.json": JSON.stringify(detail) });
    expect(ran.buildStatus).to.equal("SUCCEEDED");
    expect(ran.exportedEnvironmentVariables).to.deep.equal([
      { name: "IMAGE_TAG", value: commit },
      { name: "IMAGE_DIGEST", value: "sha256:abc" },
    ]);
    expect(await account.artifact()).to.deep.equal(["imagedefinitions.json"]);
  });

  it("goes through post_build after a failed build, and stops at a failure elsewhere", async () => {
    await account.declare();
    const commands = (phase: string, ...more: string[]) => `  ${phase}: { commands: [${more.join(", ")}] }\n`;
    const after = commands("post_build", "echo after $CODEBUILD_BUILD_SUCCEEDING");
    const failing = await account.build({
      "buildspec.yml": `version: 0.2\nphases:\n${commands("build", "sh -c 'exit 3'", "echo never")}${after}`,
    });
    expect(await account.printed()).to.deep.equal(["after 0"]);
    expect(phases(failing).slice(-4)).to.deep.equal([
      "BUILD: FAILED",
      "POST_BUILD: SUCCEEDED",
      "UPLOAD_ARTIFACTS: SUCCEEDED",
      "FINALIZING: SUCCEEDED",
    ]);
    expect(failing.buildStatus).to.equal("FAILED");
    expect(failure(failing)).to.deep.equal({
      statusCode: "COMMAND_EXECUTION_ERROR",
      message: "Error while executing command: sh -c 'exit 3'. Reason: exit status 3",
    });

    const early = await account.build({
      "buildspec.yml": `version: 0.2\nphases:\n${commands("pre_build", "test 1 = 2")}${after}`,
    });
    expect(phases(early).slice(-2)).to.deep.equal(["PRE_BUILD: FAILED", "FINALIZING: SUCCEEDED"]);
  });

  it("runs what is to come finally after a failure too, and says the first failure", async () => {
    await account.declare();
    const phase = { commands: ["sh -c 'exit 5'", "echo never"], finally: ["echo finally", "sh -c 'exit 6'"] };
    const ran = await account.build({ "buildspec.yml": JSON.stringify({ version: 0.2, phases: { build: phase } }) });
    expect(await account.printed()).to.deep.equal(["finally"]);
    expect(failure(ran)?.message).to.match(/exit status 5$/);
  });

  const broken: [string, Record<string, Content>, object, string, string][] = [
    ["has no buildspec", { "a.txt": "" }, {}, "YAML_FILE_ERROR", "The buildspec buildspec.yml is not in the source"],
    [
      "names another buildspec that is missing",
      { "buildspec.yml": "" },
      { source: { type: "CODEPIPELINE", buildspec: "ci/build.yml" } },
      "YAML_FILE_ERROR",
      "The buildspec ci/build.yml is not in the source",
    ],
    [
      "makes none of its artifacts",
      {
        "buildspec.yml": "version: 0.2\nphases: { build: { commands: [ls] } }\nartifacts: { files: [no.json] }",
      },
      {},
      "CLIENT_ERROR",
      "no matching artifact paths found",
    ],
  ];
  for (const [what, files, project, code, message] of broken)
    it(`fails a build that ${what}`, async () => {
      await account.declare(project as Declared);
      const ran = await account.build(files);
      expect(failure(ran)?.statusCode).to.equal(code);
      expect(failure(ran)?.message).to.include(message);
    });

  it("takes an inline buildspec over that of the source", async () => {
    const inline = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo inline";
    await account.declare({ source: { type: "CODEPIPELINE", buildspec: inline } });
    await account.build({ "buildspec.yml": "version: 0.2\nphases: { build: { commands: [echo file] } }" });
    expect(await account.printed()).to.deep.equal(["inline"]);
  });

  it("is started by its pipeline alone", async () => {
    await account.declare();
    const input = { projectName: "storefront" };
    const error = await account.cloud.call(operator, "codebuild", "StartBuild", input).catch((it: Error) => it);
    expect(error).to.be.an("error").with.property("name", "InvalidInputException");
  });

  it("ends a build that takes longer than its project allows", async () => {
    const hasty = await createBuildCloud({ realMinute: 100 });
    await hasty.declare({ buildTimeout: 5 });
    const ran = await hasty.build({
      "buildspec.yml":
        "version: 0.2\nphases: { build: { commands: [sleep 600] }, post_build: { commands: [echo never] } }",
    });
    expect(ran.buildStatus).to.equal("TIMED_OUT");
    expect(phases(ran).slice(-2)).to.deep.equal(["BUILD: TIMED_OUT", "FINALIZING: SUCCEEDED"]);
    expect(await hasty.printed()).to.deep.equal([]);
    await hasty.cloud.close();
  });

  it("ends every process when the account closes", async () => {
    await account.declare();
    const entered = account.cloud.until((event): event is CloudEvent => event.kind === "log" && event.line === "begun");
    await account.begin({
      "buildspec.yml": 'version: 0.2\nphases: { build: { commands: ["sleep 600 & echo begun; sleep 600"] } }',
    });
    await entered;
    await account.cloud.close();
    expect(account.cloud.events.at(-1)).to.deep.include({ kind: "build", status: "FAILED" });
  });
});
