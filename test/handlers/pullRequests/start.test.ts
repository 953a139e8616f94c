import { ECSClient } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { newRecord } from "../../../handlers/pullRequests/record";
import { isStalled, neverStarted, type Start, startPullRequest } from "../../../handlers/pullRequests/start";
import { awsFault, type Endpoint, startEndpoint } from "../../callbacks/endpoint";

const NOW = Date.parse("2026-01-05T10:00:00.000Z");
const ATTEMPT = "11111111-2222-4333-8444-555555555555";
const TASK = "arn:aws:ecs:us-east-1:123456789012:task/slipway/0123456789abcdef";

const task = {
  cluster: "slipway",
  taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/dev-slipway-gitops-pr:3",
  container: "gitops-pr",
  subnets: ["subnet-1", "subnet-2"],
  securityGroup: "sg-1",
};

const record = newRecord(
  {
    service: "storefront",
    environment: "dev",
    revision: "a".repeat(40),
    image: "storefront=registry.acme.example/storefront:v2",
    repository: "acme/storefront",
  },
  ATTEMPT,
  NOW,
);

describe("start of a pull request's task", () => {
  let endpoint: Endpoint;
  let ecs: ECSClient;

  before(async () => {
    endpoint = await startEndpoint();
    const credentials = { accessKeyId: "id", secretAccessKey: "key" };
    ecs = new ECSClient({ endpoint: endpoint.url, region: "us-east-1", credentials, maxAttempts: 1 });
  });
  beforeEach(() => {
    endpoint.requests = [];
  });
  after(() => endpoint.close());

  const start = (answer: () => object): Promise<Start> => {
    endpoint.answers.RunTask = answer;
    const table = { dynamo: {} as never, table: "" };
    return startPullRequest({ ecs, table, task, now: () => NOW }, record);
  };
  const fault =
    (...args: Parameters<typeof awsFault>) =>
    () => {
      throw awsFault(...args);
    };

  it("tells the task its record and nothing else, and ECS the attempt", async () => {
    expect(await start(() => ({ tasks: [{ taskArn: TASK }], failures: [] }))).to.deep.equal({
      kind: "started",
      task: TASK,
    });
    expect(endpoint.requests).to.deep.equal([
      {
        operation: "RunTask",
        input: {
          cluster: "slipway",
          taskDefinition: task.taskDefinition,
          count: 1,
          launchType: "FARGATE",
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: ["subnet-1", "subnet-2"],
              securityGroups: ["sg-1"],
              assignPublicIp: "DISABLED",
            },
          },
          overrides: {
            containerOverrides: [
              {
                name: "gitops-pr",
                environment: [{ name: "PULL_REQUEST", value: `{"id":"${record.id}","attempt":"${ATTEMPT}"}` }],
              },
            ],
          },
          startedBy: `${record.id}/${ATTEMPT}`,
          clientToken: ATTEMPT,
        },
      },
    ]);
  });

  it("finds the task that was started before the platform was changed", async () => {
    const details = { resourceIds: [TASK] };
    const other = await start(fault("ConflictException", "The client token is in use.", 400, details));
    expect(other).to.deep.equal({ kind: "started", task: TASK });
  });

  const UNDER = `the platform's log has the details under ${ATTEMPT}`;
  const causes = {
    refused: `AWS refused to start the task; ${UNDER}`,
    unclear: `ECS has not started the task yet; ${UNDER}`,
    shortage: `AWS has no capacity for the task at the moment; ${UNDER}`,
  };
  // In AWS's own words.
  const DENIAL =
    "User: arn:aws:sts::123456789012:assumed-role/api/api is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/task because no identity-based policy allows the iam:PassRole action";
  const outcomes: [keyof typeof causes, string, () => object, string][] = [
    ["refused", "a denial", fault("AccessDeniedException", DENIAL), `AccessDeniedException: ${DENIAL}`],
    [
      "refused",
      "a task definition that is gone",
      fault("ClientException", "TaskDefinition is inactive"),
      "ClientException: TaskDefinition is inactive",
    ],
    [
      "refused",
      "a failure of which it says the detail",
      () => ({ tasks: [], failures: [{ arn: "x", reason: "ATTRIBUTE", detail: "no such platform" }] }),
      "ATTRIBUTE: no such platform",
    ],
    ["refused", "a failure without a word", () => ({ tasks: [], failures: [{}] }), "no reason"],
    ["unclear", "neither task nor failure", () => ({ tasks: [], failures: [] }), "ECS returned no task and no reason"],
    [
      "shortage",
      "a lack of capacity",
      () => ({ failures: [{ reason: "Capacity is unavailable at this time. Please try again later" }] }),
      "Capacity is unavailable at this time. Please try again later",
    ],
    ["shortage", "a lack of interfaces", () => ({ failures: [{ reason: "RESOURCE:ENI" }] }), "RESOURCE:ENI"],
    [
      "shortage",
      "an account that runs as much as it may",
      fault("ClientException", "You've reached the limit on the number of vCPUs you can run concurrently"),
      "ClientException: You've reached the limit on the number of vCPUs you can run concurrently",
    ],
    ["unclear", "throttling", fault("ThrottlingException", "Rate exceeded"), "ThrottlingException: Rate exceeded"],
    [
      "unclear",
      "an outage",
      fault("ServerException", "something is wrong", 500),
      "ServerException: something is wrong",
    ],
    [
      "unclear",
      "a token that is in use by it does not say what",
      fault("ConflictException", "The client token is in use."),
      "ConflictException: The client token is in use.",
    ],
  ];
  for (const [kind, why, answer, cause] of outcomes) {
    it(`is ${kind} after ${why}, and repeats nothing that AWS said but in the log`, async () => {
      const expected = { kind: kind === "shortage" ? "unclear" : kind, cause: causes[kind], detail: cause };
      expect(await start(answer)).to.deep.equal(expected);
    });
  }

  it("is unclear if nobody answers", async () => {
    const credentials = { accessKeyId: "id", secretAccessKey: "key" };
    // Port 9 discards, and nothing listens there.
    const nobody = new ECSClient({ endpoint: "http://127.0.0.1:9", region: "us-east-1", credentials, maxAttempts: 1 });
    const table = { dynamo: {} as never, table: "" };
    const { kind } = await startPullRequest({ ecs: nobody, table, task, now: () => NOW }, record);
    expect(kind).to.equal("unclear");
  });

  const stalled: [string, Partial<typeof record>, number, boolean][] = [
    ["a request of a minute ago", {}, 60_000, false],
    ["a request of more than a minute ago", {}, 60_001, true],
    ["a request whose start was unclear", { cause: "ECS timed out" }, 0, true],
    ["a request with a task", { task: TASK, cause: "ECS timed out" }, 60_001, false],
    ["one that runs", { state: "running" }, 60_001, false],
    ["one that failed", { state: "failed", cause: "refused" }, 60_001, false],
  ];
  for (const [which, facts, elapsed, expected] of stalled) {
    it(`${expected ? "has" : "has not"} stalled for ${which}`, () => {
      expect(isStalled({ ...record, ...facts }, NOW + elapsed)).to.equal(expected);
    });
  }

  it("never was for one that ECS refused, whatever the note of another's start says", () => {
    const failed = { ...record, state: "failed" as const };
    const states = [{ ...failed, refused: "yes" as const }, failed, { ...failed, task: TASK }, record];
    expect(states.map(neverStarted)).to.deep.equal([true, false, false, false]);
  });
});
