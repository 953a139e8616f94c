import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { installStandIns, type StandIns } from "../../../../rehearsal/cloud/codeBuild/standIns";
import { dockerEnvironment } from "../../../../rehearsal/cloud/docker/environment";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createTestCloud, type TestCloud } from "../../support";
import { loginPassword, writeFiles } from "../ecs/containerSupport";
import { type Docker, dockerIn } from "./support";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const ARN = "arn:aws:ecr:us-east-1:123456789012:repository/shop";
const PUSH = [
  "BatchGetImage",
  "BatchCheckLayerAvailability",
  "InitiateLayerUpload",
  "UploadLayerPart",
  "CompleteLayerUpload",
  "PutImage",
];

describe("docker stand-in's login and push", () => {
  let programs: string;
  let standIns: StandIns;
  let folder: string;
  let dockerRun: Docker["run"];
  let complaint: Docker["complaint"];
  let cloud: TestCloud;
  let environment: Record<string, string>;
  const name = `${HOST}/shop:v1`;

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
    cloud = await createTestCloud([createEcr]);
    await cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop" });
    await cloud.start();
    environment = dockerEnvironment(cloud);
    await writeFiles(path.join(folder, "context"), { Dockerfile: "FROM node\nCOPY a /a\n", a: "a" });
    await dockerRun(["build", "-q", "-t", name, "context"]);
  });
  afterEach(async () => {
    await cloud.close();
    await rm(folder, { recursive: true });
  });

  const builder = (actions: string[]) =>
    cloud.role("builder", "codebuild.amazonaws.com", [
      { Effect: "Allow", Action: ["ecr:GetAuthorizationToken"], Resource: ["*"] },
      { Effect: "Allow", Action: actions.map((it) => `ecr:${it}`), Resource: [ARN] },
    ]);
  const login = (password: string) =>
    complaint(["login", "--username", "AWS", "--password-stdin", HOST], environment, `${password}\n`);

  it("takes the password of GetAuthorizationToken and no other", async () => {
    expect(await login("guessed")).to.equal(
      `ERROR: Error response from daemon: login attempt to https://${HOST}/v2/ failed with status: 401 Unauthorized`,
    );
    expect(await login(await loginPassword(cloud))).to.equal("no complaint: Login Succeeded");
  });

  it("takes a password for twelve hours", async () => {
    const password = await loginPassword(cloud);
    await cloud.clock.turn(12 * 60 * 60_000 - 1);
    expect(await login(password)).to.equal("no complaint: Login Succeeded");
    await cloud.clock.turn(1);
    expect(await login(password)).to.match(/status: 403 Forbidden$/);
  });

  it("pushes with the permissions of whoever logged in", async () => {
    await login(await loginPassword(cloud, await builder(PUSH)));
    const output = await dockerRun(["push", name], environment);
    const digest = await dockerRun(["inspect", "--format", "{{index .RepoDigests 0}}", name]);
    expect(digest).to.match(new RegExp(`^${HOST}/shop@sha256:[0-9a-f]{64}$`));
    expect(output.split("\n").at(-1)).to.match(new RegExp(`^v1: digest: ${digest.split("@")[1]} size: \\d+$`));
    expect(await complaint(["push", name], environment)).to.match(/^no complaint/);
    expect(cloud.events).to.deep.equal([
      { kind: "image-pushed", repository: "shop", tags: ["v1"], digest: digest.split("@")[1] },
    ]);
  });

  for (const denied of PUSH)
    it(`does not push without ecr:${denied}, and says who may not do what`, async () => {
      await login(await loginPassword(cloud, await builder(PUSH.filter((it) => it !== denied))));
      const message = await complaint(["push", name], environment);
      expect(message).to.match(/^ERROR: denied: User: arn:aws:sts::123456789012:assumed-role\/builder\//);
      expect(message).to.include(`is not authorized to perform: ecr:${denied} on resource: ${ARN}`);
    });

  it("does not push what is not tagged, without a login, or to a repository that is not there", async () => {
    expect(await complaint(["push", name], environment)).to.equal("ERROR: no basic auth credentials");
    await login(await loginPassword(cloud));
    expect(await complaint(["push", `${HOST}/shop:v2`], environment)).to.equal(`ERROR: No such image: ${HOST}/shop:v2`);
    await dockerRun(["tag", name, `${HOST}/other:v1`]);
    expect(await complaint(["push", `${HOST}/other:v1`], environment)).to.match(/^ERROR: name unknown: .*'other'/);
  });
});
