import { expect } from "chai";
import { parse } from "yaml";
import { defaultBuildspec, testBuildspec } from "../../../handlers/build/buildspec";
import { imageBuildspec } from "../../../handlers/build/imageBuildspec";
import { type Buildspec, runBuildspec } from "./buildspecShell";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const DIGEST = `sha256:${"a".repeat(64)}`;

const buildspec: Buildspec = parse(defaultBuildspec);

const environment = {
  COMMIT,
  IMAGE_REPOSITORY: `${REGISTRY}/storefront`,
  DOCKERFILE: "docker/Dockerfile",
  CONTEXT: ".",
  BUILD_ARGUMENTS: "",
  BASE_IMAGE_REGISTRY: "",
  SCHEDULES: "",
  SOURCE_BUCKET: "source",
  SOURCE_KEY: "storefront/source.zip",
  SOURCE_VERSION_ID: "v1",
};

// Each says what it was called with, an argument a field, and answers what a test gives it.
const STAND_INS = {
  aws: `echo "aws|$(IFS='|'; echo "$*")" >> "$CALLS"
case "$1" in
  s3api) echo "$COMMIT" ;;
  ecr) [ "$2" = batch-get-image ] && { echo "\${BUILT_BEFORE:-None}"; exit "\${LOOK_CODE:-0}"; }
    echo "password" ; [ "$3" = --region ] && exit "\${REGION_CODE:-0}" ; exit "\${LOGIN_CODE:-0}" ;;
esac`,
  docker: `echo "docker|$(IFS='|'; echo "$*")" >> "$CALLS"
case "$1" in
  login) echo "stdin|$(cat)" >> "$CALLS" ;;
  inspect) echo "${REGISTRY}/storefront@${DIGEST}" ;;
  build) exit "\${BUILD_CODE:-0}" ;;
  push) exit "\${PUSH_CODE:-0}" ;;
esac`,
};

const run = (variables: Record<string, string> = {}, files: Record<string, string> = {}) =>
  runBuildspec(defaultBuildspec, { variables: { ...environment, ...variables }, files, programs: STAND_INS });

const head =
  "aws|s3api|head-object|--bucket|source|--key|storefront/source.zip|--version-id|v1|--query|Metadata.commit|--output|text";
const login = [
  "aws|ecr|get-login-password",
  `docker|login|--username|AWS|--password-stdin|${REGISTRY}`,
  "stdin|password",
];
const image = `${REGISTRY}/storefront:${COMMIT}`;
/** Whether the commit's image was built before. */
const look =
  `aws|ecr|batch-get-image|--repository-name|storefront|--image-ids|imageTag=${COMMIT}|--accepted-media-types|` +
  '["application/vnd.docker.distribution.manifest.v2+json",' +
  '"application/vnd.docker.distribution.manifest.list.v2+json",' +
  '"application/vnd.oci.image.manifest.v1+json","application/vnd.oci.image.index.v1+json"]' +
  "|--query|images[0].imageId.imageDigest|--output|text";
const after = [`docker|push|${image}`, `docker|inspect|--format|{{index .RepoDigests 0}}|${image}`];

describe("every buildspec of slipway's", () => {
  for (const [name, text] of Object.entries({ defaultBuildspec, imageBuildspec, testBuildspec }))
    it(`runs on the Node.js that it names, not on the image's default: ${name}`, () => {
      const { install }: Buildspec["phases"] = parse(text).phases;
      expect(install).to.deep.equal({ "runtime-versions": { nodejs: 24 } });
    });
});

describe("default buildspec", () => {
  it("is run by bash, whose arrays it uses", () => {
    expect(buildspec.env.shell).to.equal("bash");
  });

  it("builds, pushes and exports the image of the commit", () => {
    const { calls, errors, ...result } = run();
    // The two sides of the login's pipe start at once.
    expect([...calls].sort()).to.deep.equal(
      [head, ...login, look, `docker|build|--file|docker/Dockerfile|--tag|${image}|.`, ...after].sort(),
    );
    expect(result).to.deep.equal({
      code: 0,
      exported: { IMAGE_URI: `${REGISTRY}/storefront@${DIGEST}`, IMAGE_DIGEST: DIGEST, IMAGE_TAG: COMMIT },
      definitions: `[{"name":"app","imageUri":"${REGISTRY}/storefront@${DIGEST}"}]`,
    });
  });

  it("delivers the image that the commit's tag names, if it was built before: the tag is immutable", () => {
    const before = `sha256:${"b".repeat(64)}`;
    const { calls, errors, ...result } = run({ BUILT_BEFORE: before });
    expect([...calls].sort()).to.deep.equal([head, ...login, look].sort());
    expect(result).to.deep.equal({
      code: 0,
      exported: { IMAGE_URI: `${REGISTRY}/storefront@${before}`, IMAGE_DIGEST: before, IMAGE_TAG: COMMIT },
      definitions: `[{"name":"app","imageUri":"${REGISTRY}/storefront@${before}"}]`,
    });
  });

  it("passes build arguments by name, and values as they are", () => {
    const { calls } = run({ BUILD_ARGUMENTS: "BASE_IMAGE FLAGS", BASE_IMAGE: "node:24", FLAGS: "two words" });
    expect(calls).to.include(
      `docker|build|--file|docker/Dockerfile|--tag|${image}|--build-arg|BASE_IMAGE|--build-arg|FLAGS|.`,
    );
  });

  const logins: [string, string, string[]][] = [
    ["no registry", "", []],
    ["the registry of the image", `${REGISTRY}/mirror`, []],
    ["a public registry", "docker.io/library", []],
    ["a name that only ends like ECR's", "mirror.example.com/123456789012.dkr.ecr.us-east-1.amazonaws.com", []],
    [
      "another account's ECR",
      "210987654321.dkr.ecr.us-east-1.amazonaws.com/mirror",
      ["us-east-1", "210987654321.dkr.ecr.us-east-1.amazonaws.com"],
    ],
    [
      "another region's ECR, without a prefix",
      "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn",
      ["cn-northwest-1", "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn"],
    ],
    [
      "ECR's FIPS endpoint",
      "123456789012.dkr.ecr-fips.us-east-2.amazonaws.com/mirror",
      ["us-east-2", "123456789012.dkr.ecr-fips.us-east-2.amazonaws.com"],
    ],
  ];
  for (const [what, registry, [region, host] = []] of logins) {
    it(`logs in to ${host === undefined ? "the image's registry alone" : `${host}, too`}, for base images from ${what}`, () => {
      const { code, calls } = run({ BASE_IMAGE_REGISTRY: registry });
      expect(code).to.equal(0);
      const second = [
        `aws|ecr|get-login-password|--region|${region}`,
        `docker|login|--username|AWS|--password-stdin|${host}`,
        "stdin|password",
      ];
      const isLogin = (call: string) => /^(aws\|ecr\|get-login|docker\|login|stdin)/.test(call);
      expect(calls.filter(isLogin).sort()).to.deep.equal([...login, ...(host === undefined ? [] : second)].sort());
    });
  }

  it("builds nothing where it gets no password for the base images", () => {
    const { code, calls } = run({
      BASE_IMAGE_REGISTRY: "210987654321.dkr.ecr.us-east-1.amazonaws.com/mirror",
      REGION_CODE: "1",
    });
    expect(code).to.equal(1);
    expect(calls.filter((call) => call.startsWith("docker|build"))).to.deep.equal([]);
  });

  const registries: [string, Record<string, string>, string][] = [
    ["neither registry where none is set", {}, ""],
    ["the registry of base images", { BASE_IMAGE_REGISTRY: `${REGISTRY}/mirror` }, "--build-arg|BASE_IMAGE_REGISTRY|"],
    [
      "both registries, after the build's own arguments",
      {
        BUILD_ARGUMENTS: "FLAGS",
        BASE_IMAGE_REGISTRY: `${REGISTRY}/mirror`,
        NPM_CONFIG_REGISTRY: "https://npm.example.com/",
      },
      "--build-arg|FLAGS|--build-arg|BASE_IMAGE_REGISTRY|--build-arg|NPM_CONFIG_REGISTRY|",
    ],
  ];
  for (const [what, variables, given] of registries) {
    it(`passes ${what}`, () => {
      expect(run(variables).calls).to.include(`docker|build|--file|docker/Dockerfile|--tag|${image}|${given}.`);
    });
  }

  // Longer than a line of GNU's base64.
  const schedules = `timeZone: UTC\nschedules: [] # ${"x".repeat(100)}\n`;
  const label = `slipway.schedules=${Buffer.from(schedules).toString("base64")}`;

  it("gives the image its schedules, as a label in one line", () => {
    const { code, calls } = run({ SCHEDULES: "schedules.yaml" }, { "schedules.yaml": schedules });
    expect(code).to.equal(0);
    expect(calls).to.include(`docker|build|--file|docker/Dockerfile|--tag|${image}|--label|${label}|.`);
  });

  it("builds nothing if the schedules are not where the settings say", () => {
    const { code, calls, errors } = run({ SCHEDULES: "deploy/schedules.yaml" }, { "schedules.yaml": schedules });
    expect(code).to.equal(1);
    expect(calls).to.deep.equal([head]);
    expect(errors).to.equal("SCHEDULES is deploy/schedules.yaml, but the repository has no such file\n");
  });

  const failures: [string, Record<string, string>, string][] = [
    ["whose archive names no commit goes no further", { COMMIT: "None" }, "aws|ecr"],
    ["that ECR gives no password does not build", { LOGIN_CODE: "1" }, "docker|build"],
    ["that cannot ask whether it was built before builds nothing", { LOOK_CODE: "254" }, "docker|build"],
    ["that does not build is not pushed", { BUILD_CODE: "1" }, "docker|push"],
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

describe("test buildspec", () => {
  const test = (command: string, variables: Record<string, string> = {}) =>
    runBuildspec(testBuildspec, {
      variables: { TEST_COMMAND: command, BASE_IMAGE_REGISTRY: "", ...variables },
      programs: STAND_INS,
    });

  it("runs the test command, and nothing with credentials", () => {
    const { code, calls } = test('echo "tested" >> "$CALLS"; true && true');
    expect([code, calls]).to.deep.equal([0, ["tested"]]);
  });

  it("fails if the tests do", () => {
    expect(test("false").code).to.equal(1);
  });

  it("logs in to ECR for base images, which tests may start", () => {
    const host = "210987654321.dkr.ecr.us-east-1.amazonaws.com";
    const { code, calls } = test("true", { BASE_IMAGE_REGISTRY: `${host}/mirror` });
    expect([code, [...calls].sort()]).to.deep.equal([
      0,
      [
        "aws|ecr|get-login-password|--region|us-east-1",
        `docker|login|--username|AWS|--password-stdin|${host}`,
        "stdin|password",
      ],
    ]);
  });
});
