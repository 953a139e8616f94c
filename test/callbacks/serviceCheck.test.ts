import { expect } from "chai";
import { createServiceCheck, type ServiceCheckOptions } from "../../handlers/serviceCheck";
import { serialize } from "../../infra/lambda/serialization";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";

const TIME = "2026-01-05T09:00:00Z";
const NOW = Date.parse(TIME) / 1000;
const IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront";

const options: ServiceCheckOptions = {
  cluster: "slipway",
  services: ["web"],
  countedByProgram: [],
};

const COMPLETED = [{ status: "PRIMARY", rolloutState: "COMPLETED" }];

/** As DescribeServices answers. */
const serviceOf = (more: object = {}) => ({
  serviceName: "web",
  desiredCount: 2,
  runningCount: 2,
  taskDefinition: "dev-web:7",
  deployments: COMPLETED,
  ...more,
});

/** Seconds that each running task has run. */
const tasksOf = (...ages: number[]) =>
  ages.map((age, index) => ({
    taskArn: `task/${index}`,
    group: "service:web",
    lastStatus: "RUNNING",
    startedAt: NOW - age,
  }));

describe("service check callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createServiceCheck);
    endpoint = await startEndpoint();
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  });
  beforeEach(() => {
    endpoint.requests = [];
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  /** Invokes the function as another stack has it. */
  async function invokeFor(changes: Partial<ServiceCheckOptions>): Promise<void> {
    const other = startLambda({ text, options: { ...options, ...changes }, endpointUrl: endpoint.url });
    try {
      await other.invoke({ time: TIME });
    } finally {
      await other.close();
    }
  }

  function answering(service: object, tasks: object[] = tasksOf(600, 600), image = `${IMAGE}@sha256:1`): void {
    endpoint.answers = {
      DescribeServices: () => ({ services: [service] }),
      ListTasks: () => ({ taskArns: tasks.map((_, index) => `task/${index}`) }),
      DescribeTasks: () => ({ tasks }),
      DescribeTaskDefinition: () => ({ taskDefinition: { containerDefinitions: [{ name: "app", image }] } }),
      PutMetricData: () => ({}),
    };
  }

  const put = () =>
    endpoint.requests.filter(({ operation }) => operation === "PutMetricData").map(({ input }) => input);
  const values = () => put().flatMap(({ MetricData }) => (MetricData as { Value: number }[]).map(({ Value }) => Value));

  it("puts a metric for each service, by cluster and service, at the time of the check", async () => {
    answering(serviceOf());
    const { error } = await lambda.invoke({ time: TIME });
    expect(error).to.equal(undefined);
    expect(put()).to.deep.equal([
      {
        Namespace: "slipway",
        MetricData: [
          {
            MetricName: "MissingTasks",
            Dimensions: [
              { Name: "ClusterName", Value: "slipway" },
              { Name: "ServiceName", Value: "web" },
            ],
            Timestamp: NOW,
            Unit: "Count",
            Value: 0,
          },
        ],
      },
    ]);
  });

  const IN_PROGRESS = [{ status: "PRIMARY", rolloutState: "IN_PROGRESS" }];
  const cases: [what: string, service: object, tasks: object[], missing: number][] = [
    ["counts all tasks of a service that have crashed", { runningCount: 0 }, [], 2],
    ["counts the one task that is missing", { runningCount: 1 }, [], 1],
    ["counts a task that runs only because it crashes and starts again", {}, tasksOf(600, 59), 1],
    ["counts none that has run for a minute", {}, tasksOf(600, 60), 0],
    [
      "counts no task that is stopping",
      {},
      [...tasksOf(600), { group: "service:web", lastStatus: "DEACTIVATING", startedAt: 0 }],
      1,
    ],
    [
      "counts no task of another service, nor a one-off task",
      {},
      [
        ...tasksOf(600),
        { ...tasksOf(600)[0], group: "service:web-admin" },
        { ...tasksOf(600)[0], group: "family:web" },
      ],
      1,
    ],
    ["counts nothing during a rollout", { runningCount: 0, deployments: IN_PROGRESS }, [], 0],
    [
      "counts nothing while an old deployment is going",
      { runningCount: 1, deployments: [...COMPLETED, { status: "ACTIVE" }] },
      [],
      0,
    ],
    [
      "counts tasks once a rollout has failed and ECS could not go back",
      { runningCount: 0, deployments: [{ status: "PRIMARY", rolloutState: "FAILED" }] },
      [],
      2,
    ],
    [
      "counts tasks of a rollout that does not end: its tasks run and exit soon after",
      { runningCount: 0, deployments: [{ ...IN_PROGRESS[0], createdAt: NOW - 2 * 3_600 - 1 }] },
      [],
      2,
    ],
    ["counts nothing at a desired count of 0", { desiredCount: 0, runningCount: 0 }, [], 0],
    ["counts no surplus as negative", { desiredCount: 1 }, tasksOf(600, 600), 0],
  ];
  for (const [what, service, tasks, missing] of cases)
    it(what, async () => {
      answering(serviceOf(service), tasks);
      await lambda.invoke({ time: TIME });
      expect(values()).to.deep.equal([missing]);
    });

  for (const [what, image, missing] of [
    ["counts nothing before the first delivery of a service that the program counts", `${IMAGE}:none`, 0],
    ["counts its tasks after that delivery", `${IMAGE}@sha256:1`, 2],
  ] as const)
    it(what, async () => {
      answering(serviceOf({ runningCount: 0 }), [], image);
      await invokeFor({ services: ["web"], countedByProgram: ["web"] });
      expect(values()).to.deep.equal([missing]);
    });

  it("puts nothing for a service that ECS could not describe, and says so", async () => {
    answering(serviceOf());
    endpoint.answers.DescribeServices = () => ({ services: [], failures: [{ arn: "web", reason: "MISSING" }] });
    const { error, lines } = await lambda.invoke({ time: TIME });
    expect([error, put()]).to.deep.equal([undefined, []]);
    expect(lines.map((line) => JSON.parse(line))).to.deep.equal([
      { level: "warn", message: "service not checked: ECS could not describe it", service: "web", cause: "MISSING" },
    ]);
  });

  it("asks for ten services at a time", async () => {
    answering(serviceOf());
    const asked: number[] = [];
    endpoint.answers.DescribeServices = ({ services: names }) => {
      asked.push((names as string[]).length);
      return { services: (names as string[]).map((serviceName) => serviceOf({ serviceName })) };
    };
    await invokeFor({ services: Array.from({ length: 12 }, (_, index) => `web${index}`), countedByProgram: [] });
    expect([asked, values().length]).to.deep.equal([[10, 2], 12]);
  });

  it("fails, and puts nothing, if ECS cannot be asked: the alarm reports that the metric is missing", async () => {
    answering(serviceOf());
    endpoint.answers.DescribeServices = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:DescribeServices");
    };
    const { error } = await lambda.invoke({ time: TIME });
    expect([error?.name, put()]).to.deep.equal(["AccessDeniedException", []]);
  });
});
