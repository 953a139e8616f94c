import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { installStandIns, type StandIns } from "../../../../rehearsal/cloud/codeBuild/standIns";
import { parseBaseImageName } from "../../../../rehearsal/cloud/docker/baseImageName";
import { dockerEnvironment } from "../../../../rehearsal/cloud/docker/environment";
import { mirrorBaseImage } from "../../../../rehearsal/cloud/docker/mirror";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createPuller } from "../../../../rehearsal/cloud/ecs/pull";
import { createTestCloud, type TestCloud } from "../../support";
import { loginPassword, pushImage, writeFiles } from "../ecs/containerSupport";
import { dockerIn } from "./support";

const HOST = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn";
const PULL = ["BatchGetImage", "BatchCheckLayerAvailability", "GetDownloadUrlForLayer"];
const STOREFRONT = readFileSync(path.resolve("examples/storefront/Dockerfile"), "utf8");
const DIGEST = `sha256:${"a".repeat(64)}`;

describe("docker stand-in's base images", () => {
  let programs: string;
  let standIns: StandIns;
  let folder: string;
  let cloud: TestCloud;

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
    cloud = await createTestCloud([createEcr], { region: "cn-north-1" });
  });
  afterEach(async () => {
    await cloud.close();
    await rm(folder, { recursive: true });
  });

  async function dockerRun(args: string[], variables: Record<string, string> = {}, input = ""): Promise<string> {
    return dockerIn(folder, programs).run(args, { ...dockerEnvironment(cloud), ...variables }, input);
  }

  async function login(actions = PULL, repository = "mirror/*"): Promise<void> {
    const role = await cloud.role("builder", "codebuild.amazonaws.com", [
      { Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
      {
        Effect: "Allow",
        Action: actions.map((it) => `ecr:${it}`),
        Resource: `arn:aws-cn:ecr:cn-north-1:123456789012:repository/${repository}`,
      },
    ]);
    const password = await loginPassword(cloud, role);
    await dockerRun(["login", "--username", "AWS", "--password-stdin", HOST], {}, password);
  }

  /** Builds the Dockerfile. @returns the image's digest, or what docker complains of */
  async function build(Dockerfile: string, args: string[] = [], variables?: Record<string, string>): Promise<string> {
    await writeFiles(path.join(folder, "context"), { Dockerfile, "server.js": "" });
    return dockerRun(["build", "--quiet", ...args, "context"], variables).catch((error) => error.stderr.trim());
  }

  const fromMirror = (Dockerfile = STOREFRONT) =>
    build(Dockerfile, ["--build-arg", "BASE_IMAGE_REGISTRY"], { BASE_IMAGE_REGISTRY: `${HOST}/mirror` });

  it("are pulled from the account's registry, once somebody has mirrored them", async () => {
    await mirrorBaseImage(cloud, "mirror/node", "24-alpine");
    await login();
    expect(await fromMirror()).to.match(/^sha256:[0-9a-f]{64}$/);
  });

  it("are mirrored once, under one digest, and again without harm", async () => {
    await mirrorBaseImage(cloud, "mirror/node", "24-alpine");
    await mirrorBaseImage(cloud, "mirror/node", "24-alpine");
    await mirrorBaseImage(cloud, "mirror/node", "lts-alpine");
    const pull = createPuller(cloud);
    const [one, two] = await Promise.all(
      ["24-alpine", "lts-alpine"].map((tag) => pull({ kind: "operator" }, `${HOST}/mirror/node:${tag}`)),
    );
    expect(two?.digest).to.equal(one?.digest);
    expect([one?.config.Cmd, one?.config.Entrypoint]).to.deep.equal([["node"], ["docker-entrypoint.sh"]]);
    expect(one?.config.Env).to.include(`NODE_VERSION=${process.versions.node}`);
  });

  it("give the image their files and configuration", async () => {
    await cloud.declare("aws:ecr/repository:Repository", "base", { name: "mirror/base" });
    await cloud.start();
    const Dockerfile = "FROM node\nENV GREETING=hello\nWORKDIR /base\nCOPY base.txt .\n";
    const base = await pushImage(cloud, `${HOST}/mirror/base:v1`, { Dockerfile, "base.txt": "base" });
    await login();
    const contents = (from: string, expected: string) =>
      build(`FROM ${from}\nRUN test "$(pwd | xargs basename) $(cat base.txt) $GREETING" = "${expected}"\n`);
    for (const from of [base, `${HOST}/mirror/base:v1`])
      expect(await contents(from, "base base hello")).to.match(/^sha256:[0-9a-f]{64}$/);
    expect(await contents(base, "something else")).to.match(/line 2: RUN: process .* exit code: 1$/);
  });

  for (const denied of PULL)
    it(`are not pulled without ecr:${denied}, and the build says who may not do what`, async () => {
      await mirrorBaseImage(cloud, "mirror/node", "24-alpine");
      await login(PULL.filter((it) => it !== denied));
      const complaint = await fromMirror();
      expect(complaint).to.match(
        new RegExp(`^ERROR: line \\d: FROM ${HOST}/mirror/node:24-alpine: denied: User: arn:aws-cn:sts::123456789012:`),
      );
      expect(complaint).to.include(
        `is not authorized to perform: ecr:${denied} on resource: arn:aws-cn:ecr:cn-north-1:123456789012:repository/mirror/node`,
      );
    });

  const missing: [string, () => Promise<void>, string][] = [
    [
      "nobody has logged in",
      async () => mirrorBaseImage(cloud, "mirror/node", "24-alpine"),
      "no basic auth credentials",
    ],
    [
      "the tag is not mirrored",
      async () => {
        await mirrorBaseImage(cloud, "mirror/node", "22");
        await login();
      },
      `${HOST}/mirror/node:24-alpine: not found`,
    ],
  ];
  for (const [what, prepare, reason] of missing)
    it(`are missed where ${what}`, async () => {
      await prepare();
      await cloud.declare("aws:ecr/repository:Repository", "other", { name: "other" });
      expect(await fromMirror()).to.match(/^ERROR: line \d: FROM /);
      expect((await fromMirror()).endsWith(`FROM ${HOST}/mirror/node:24-alpine: ${reason}`)).to.equal(true);
    });

  it("are missed where there is no such repository, and where the registry is another account's", async () => {
    await cloud.declare("aws:ecr/repository:Repository", "other", { name: "other" });
    await login();
    expect(await fromMirror()).to.include("'mirror/node' does not exist in the registry with id '123456789012'");
    expect(await build(`FROM ${HOST.replace("1234", "4321")}/mirror/node`)).to.include(
      "no such host: the rehearsal knows only the registries of its own account",
    );
  });

  const unreachable = ["node", "node:24", "docker.io/library/node:24", "public.ecr.aws/docker/library/node:24"];
  for (const image of unreachable)
    it(`do not come from ${image} in China`, async () => {
      const { registry, repository, reference } = parseBaseImageName(image);
      expect(await build(`FROM ${image}`)).to.equal(
        `ERROR: line 1: FROM ${image}: failed to resolve source metadata for ${registry}/${repository}:${reference}: dial tcp: lookup ${registry}: i/o timeout: ` +
          "this registry is not dependable from the account's region: mirror the image into an ECR repository, and build from there",
      );
    });

  it("come from public registries elsewhere, and from those that China reaches", async () => {
    expect(await build("FROM registry.example.com/library/node:24")).to.match(/^sha256:/);
    const elsewhere = dockerEnvironment({ addresses: new Map(), dnsSuffix: "amazonaws.com" });
    for (const image of unreachable) expect(await build(`FROM ${image}`, [], elsewhere)).to.match(/^sha256:/);
  });

  describe("of the example", () => {
    // What `docker build .` does, on any computer.
    const elsewhere = dockerEnvironment({ addresses: new Map(), dnsSuffix: "amazonaws.com" });
    const from = async (args: string[], variables: Record<string, string> = {}) => {
      await writeFiles(path.join(folder, "context"), { Dockerfile: STOREFRONT });
      const output = await dockerRun(["build", ...args, "context"], { ...elsewhere, ...variables });
      return /FROM (\S+)/.exec(output)?.[1];
    };

    it("are Amazon's copy of Docker Hub's unless told", async () => {
      expect(await from([])).to.equal("public.ecr.aws/docker/library/node:24-alpine");
    });

    it("are not looked up in the environment unless the build asks for it", async () => {
      const variables = { BASE_IMAGE_REGISTRY: "docker.io/library" };
      expect(await from([], variables)).to.equal("public.ecr.aws/docker/library/node:24-alpine");
      expect(await from(["--build-arg", "BASE_IMAGE_REGISTRY"], variables)).to.equal(
        "docker.io/library/node:24-alpine",
      );
    });

    it("are nowhere if the argument is empty, which wins over the default as it does in docker", async () => {
      expect(await build(STOREFRONT, ["--build-arg", "BASE_IMAGE_REGISTRY="], elsewhere)).to.match(
        /^ERROR: line \d: FROM \/node:24-alpine: invalid reference format$/,
      );
    });
  });

  const names: [string, [registry: string, repository: string, reference: string]][] = [
    ["node", ["docker.io", "library/node", "latest"]],
    ["acme/node:24", ["docker.io", "acme/node", "24"]],
    ["docker.io/node:24", ["docker.io", "library/node", "24"]],
    ["localhost/node", ["localhost", "node", "latest"]],
    ["registry:5000/acme/node:24", ["registry:5000", "acme/node", "24"]],
    [`${HOST}/mirror/node:24@${DIGEST}`, [HOST, "mirror/node", DIGEST]],
    [`node@${DIGEST}`, ["docker.io", "library/node", DIGEST]],
  ];
  for (const [name, [registry, repository, reference]] of names)
    it(`have the whole name ${registry}/${repository} where they are called ${name}`, () => {
      expect(parseBaseImageName(name)).to.deep.equal({ registry, repository, reference });
    });
});
