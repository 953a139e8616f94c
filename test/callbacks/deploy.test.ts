import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { createDeploy, type DeployOptions } from "../../handlers/deploy";
import { serialize } from "../../infra/serialization";
import { CLUSTER, createEcs, type Ecs, IMAGE } from "../handlers/ecs";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { failure, runOnce, success } from "./job";
import { type Lambda, startLambda } from "./lambda";

const options: DeployOptions = {
  application: "storefront",
  cluster: CLUSTER,
  services: ["web", "worker"].map((service) => ({
    service,
    container: "app",
    taskDefinition: `${service}:1`,
    count: 2,
  })),
  deadlineMinutes: 30,
};

describe("deploy callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let ecs: Ecs;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createDeploy);
    endpoint = await startEndpoint();
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  });
  beforeEach(() => {
    endpoint.requests = [];
    endpoint.answers = { PutJobSuccessResult: () => ({}), PutJobFailureResult: () => ({}) };
    ecs = createEcs(endpoint, ["web", "worker"]);
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  const run = (token?: string, parameters: object | string = { image: IMAGE, version: "v2" }) =>
    runOnce(endpoint, lambda, parameters, token);

  const updates = () =>
    endpoint.requests
      .filter(({ operation }) => operation === "UpdateService")
      .map(({ input }) => `${input.service} ${input.taskDefinition}`);

  it("fits the archive's limit", () => {
    // An archive is compressed.
    expect(deflateRawSync(text).length).to.be.below(64 * 1024);
  });

  it("deploys to all services, token by token", async () => {
    const registered = await run();
    expect(registered.told).to.deep.equal(success("registered web:2, worker:2 for storefront v2"));
    expect(updates()).to.deep.equal([]);
    const started = await run(registered.token);
    expect(started.told).to.deep.equal(success("rolling out web:2, worker:2"));
    ecs.complete("web");
    ecs.complete("worker");
    const done = await run(started.token);
    expect(done).to.deep.equal({
      told: success("storefront v2: web runs web:2, worker runs worker:2"),
      token: undefined,
    });
    expect(updates()).to.deep.equal(["web web:2", "worker worker:2"]);
  });

  it("goes back with all services if one fails, and tells both causes", async () => {
    const { token } = await run((await run()).token);
    ecs.complete("web");
    ecs.fail("worker", "ECS deployment circuit breaker: tasks failed to start.", "by ECS");
    const back = await run(token);
    expect(back.told).to.deep.equal(
      success("rolling back. web: going back to web:1. worker: worker:1: 0 of 2 tasks run, 2 pending, 0 failed"),
    );
    ecs.complete("web");
    ecs.complete("worker");
    const end = await run(back.token);
    const message =
      "storefront v2 was not deployed. worker: ECS deployment circuit breaker: tasks failed to start. " +
      "Rollback: web has web:1 again; worker has worker:1 again.";
    expect(end).to.deep.equal({ told: failure("JobFailed", message), token: undefined });
    expect(updates()).to.deep.equal(["web web:2", "worker worker:2", "web web:1"]);
  });

  it("changes nothing if its first job was settled by another invocation", async () => {
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("InvalidJobStateException", "the job is Succeeded");
    };
    await run();
    expect(updates()).to.deep.equal([]);
  });

  it("asks again while ECS is out of reach, and fails when it is denied", async () => {
    const { token } = await run((await run()).token);
    endpoint.answers.DescribeServices = () => {
      throw awsFault("ThrottlingException", "Rate exceeded");
    };
    const again = await run(token);
    expect(again).to.deep.equal({ told: success("asking again: ThrottlingException: Rate exceeded"), token });
    endpoint.answers.DescribeServices = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:DescribeServices");
    };
    const message =
      "the rollout of storefront v2 is not followed any further: " +
      "AccessDeniedException: not authorized to perform: ecs:DescribeServices. " +
      "Look after web (web:1 before), worker (worker:1 before)";
    expect((await run(token)).told).to.deep.equal(failure("PermissionError", message));
  });

  const mistakes: [string, object | string, string][] = [
    [
      "an image by tag",
      { image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:v2", version: "v2" },
      'UserParameters: image is "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:v2", expected an ECR image by digest: registry/repository@sha256:…',
    ],
    [
      "no version",
      { image: IMAGE },
      "UserParameters: version is missing, expected an image tag: at most 128 letters, digits, . _ -",
    ],
    [
      "no JSON",
      '{"version":"say "hello""}',
      "UserParameters is not JSON: set the action's UserParameters to a JSON object",
    ],
  ];
  for (const [what, parameters, message] of mistakes) {
    it(`fails for ${what}`, async () => {
      expect((await run(undefined, parameters)).told).to.deep.equal(failure("ConfigurationError", message));
      expect(updates()).to.deep.equal([]);
    });
  }

  it("fails for a token that is not its own", async () => {
    expect((await run("arn:aws:ecs:task/1")).told).to.deep.equal(
      failure("ConfigurationError", "the continuation token is not of this function: arn:aws:ecs:task/1"),
    );
  });
});
