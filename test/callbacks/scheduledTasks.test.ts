import { expect } from "chai";
import { createScheduledTasks } from "../../handlers/scheduledTasks";
import type { ScheduledTasksOptions } from "../../handlers/scheduledTasks/options";
import { serialize } from "../../infra/lambda/serialization";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";

const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/slipway";
const TOPIC = "arn:aws:sns:us-east-1:123456789012:notices";
const TASK = "arn:aws:ecs:us-east-1:123456789012:task/slipway/0123456789abcdef";
const RULE = "dev-storefront--stock";

const options: ScheduledTasksOptions = {
  environment: "dev",
  cluster: CLUSTER,
  topicArn: TOPIC,
  applications: [
    { application: "storefront", prefix: "dev-storefront--" },
    { application: "basket", prefix: "dev-basket--" },
  ],
};

/** As ECS sends it when a task has stopped. */
const stopped = (more: object = {}) => ({
  "detail-type": "ECS Task State Change",
  source: "aws.ecs",
  time: "2026-01-05T09:01:00Z",
  detail: {
    clusterArn: CLUSTER,
    taskArn: TASK,
    lastStatus: "STOPPED",
    startedBy: `events-rule/${RULE}`,
    createdAt: "2026-01-05T09:00:00Z",
    stopCode: "EssentialContainerExited",
    stoppedReason: "Essential container in task exited",
    containers: [{ name: "app", exitCode: 3 }],
    ...more,
  },
});

const CHECK = { "detail-type": "Scheduled Event", source: "aws.events", time: "2026-01-05T09:20:30Z", detail: {} };
const at = (time: string) => Date.parse(`2026-01-05T${time}Z`) / 1000;

describe("scheduled tasks callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let lambda: Lambda;
  let published: { subject: string; message: string }[];

  before(async () => {
    text = await serialize(createScheduledTasks);
    endpoint = await startEndpoint();
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  });
  beforeEach(() => {
    endpoint.requests = [];
    published = [];
    endpoint.plain = ({ body }) => {
      const form = new URLSearchParams(body.toString());
      published.push({ subject: form.get("Subject") ?? "", message: form.get("Message") ?? "" });
      return {
        status: 200,
        headers: { "content-type": "text/xml" },
        body: "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
      };
    };
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  it("publishes a notice for a scheduled task that exits non-zero, with the reason", async () => {
    const { error } = await lambda.invoke(stopped());
    expect(error).to.equal(undefined);
    expect(published).to.deep.equal([
      {
        subject: "storefront in dev: scheduled task stock failed",
        message: [
          "storefront in dev: scheduled task stock failed",
          "",
          "container app exited with 3; EssentialContainerExited: Essential container in task exited",
          "",
          "Started: 2026-01-05T09:00:00Z",
          TASK,
        ].join("\n"),
      },
    ]);
  });

  it("publishes a notice for one whose image could not be pulled: it has no exit code", async () => {
    const reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found";
    await lambda.invoke(
      stopped({ stopCode: "TaskFailedToStart", stoppedReason: reason, containers: [{ name: "app" }] }),
    );
    expect(published.map(({ message }) => message.split("\n")[2])).to.deep.equal([
      `container app has no exit code; TaskFailedToStart: ${reason}`,
    ]);
  });

  for (const [what, more] of [
    ["a task that exits with 0", { containers: [{ name: "app", exitCode: 0 }] }],
    ["a task that somebody else's rule started", { startedBy: "events-rule/dev-storefrontage--stock" }],
    ["a migration", { startedBy: "12345678-1234-5678-abcd-12345678abcd" }],
    ["a task that runs", { lastStatus: "RUNNING" }],
  ] as const)
    it(`publishes nothing for ${what}`, async () => {
      const { error } = await lambda.invoke(stopped(more));
      expect([error, published]).to.deep.equal([undefined, []]);
    });

  /** @param triggered of the rule, by minute @param created when its tasks were created */
  function answering(triggered: [time: string, count: number][], created: string[]): void {
    endpoint.answers = {
      ListRules: ({ NamePrefix }) => ({ Rules: NamePrefix === "dev-storefront--" ? [{ Name: RULE }] : [] }),
      GetMetricData: () => ({
        MetricDataResults: [
          { Id: "rule0", Timestamps: triggered.map(([time]) => at(time)), Values: triggered.map(([, count]) => count) },
        ],
      }),
      ListTasks: ({ desiredStatus }) => ({
        taskArns: desiredStatus === "STOPPED" ? created.map((_, index) => `task/${index}`) : [],
      }),
      DescribeTasks: () => ({ tasks: created.map((time) => ({ createdAt: at(time) })) }),
    };
  }

  it("publishes a notice for a schedule that fell due and started no task, though EventBridge saw no failure", async () => {
    answering([["09:05:00", 1]], []);
    const { error } = await lambda.invoke(CHECK);
    expect(error).to.equal(undefined);
    expect(published).to.deep.equal([
      {
        subject: "storefront in dev: scheduled task stock did not start",
        message: [
          "storefront in dev: scheduled task stock did not start",
          "",
          "It was due at 2026-01-05T09:05Z, but ECS started no task for it.",
          "EventBridge does not say why. Run the task by hand to see ECS's answer: there may be no capacity, no address left in a subnet, or no permission.",
          "",
          `Rule: ${RULE}`,
        ].join("\n"),
      },
    ]);
  });

  it("asks how often each rule was triggered since 20 minutes before the check, by the minute", async () => {
    answering([], []);
    await lambda.invoke(CHECK);
    expect(endpoint.requests.map(({ operation }) => operation)).to.deep.equal([
      "ListRules",
      "ListRules",
      "GetMetricData",
    ]);
    const Dimensions = [{ Name: "RuleName", Value: RULE }];
    const Metric = { Namespace: "AWS/Events", MetricName: "TriggeredRules", Dimensions };
    expect(endpoint.requests[2]?.input).to.deep.equal({
      MetricDataQueries: [{ Id: "rule0", MetricStat: { Metric, Period: 60, Stat: "Sum" } }],
      StartTime: at("09:00:00"),
      EndTime: at("09:17:00"),
    });
  });

  for (const [what, triggered, created] of [
    ["started its task", [["09:05:00", 1]], ["09:05:02"]],
    ["started its task late, since EventBridge had to try again", [["09:05:00", 1]], ["09:13:00"]],
    ["fell due less than 10 minutes ago", [["09:10:00", 1]], []],
  ] as [string, [string, number][], string[]][])
    it(`publishes nothing for a schedule that ${what}`, async () => {
      answering(triggered, created);
      await lambda.invoke(CHECK);
      expect(published).to.deep.equal([]);
    });

  it("finds the tasks of a rule whose name ECS has cut off at 36 characters", async () => {
    answering([["09:05:00", 1]], ["09:05:02"]);
    const asked: unknown[] = [];
    endpoint.answers.ListRules = ({ NamePrefix }) => ({
      Rules: NamePrefix === "dev-storefront--" ? [{ Name: "dev-storefront--nightly-report" }] : [],
    });
    endpoint.answers.ListTasks = ({ startedBy, desiredStatus }) => {
      asked.push([startedBy, desiredStatus]);
      return { taskArns: startedBy === "events-rule/dev-storefront--nightly-" ? ["task/0"] : [] };
    };
    await lambda.invoke(CHECK);
    expect([published, asked]).to.deep.equal([
      [],
      ["events-rule/dev-storefront--nightly-report", "events-rule/dev-storefront--nightly-"].flatMap((startedBy) => [
        [startedBy, "RUNNING"],
        [startedBy, "STOPPED"],
      ]),
    ]);
  });

  it("fails if CloudWatch cannot be asked, so that Lambda tries again", async () => {
    answering([], []);
    endpoint.answers.GetMetricData = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: cloudwatch:GetMetricData");
    };
    expect((await lambda.invoke(CHECK)).error?.name).to.equal("AccessDeniedException");
  });
});
