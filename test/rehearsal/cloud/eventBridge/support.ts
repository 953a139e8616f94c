import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  type PutRuleCommandInput,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import { createTestCloud } from "../../support";

export const RULES = "arn:aws:events:us-east-1:123456789012:rule";
export const NIGHTLY = "dev-storefront--nightly";
export const TASK_ROLE = "arn:aws:iam::123456789012:role/events";
const ACTIONS = [
  "PutRule",
  "DescribeRule",
  "DeleteRule",
  "PutTargets",
  "RemoveTargets",
  "ListTargetsByRule",
  "TagResource",
  "UntagResource",
  "ListTagsForResource",
];

/** What the schedules function of an application is granted. */
export const GRANTED = [
  {
    Effect: "Allow",
    Action: ACTIONS.map((it) => `events:${it}`),
    Resource: `${RULES}/dev-storefront--*`,
  },
  { Effect: "Allow", Action: "events:ListRules", Resource: "*" },
  {
    Effect: "Allow",
    Action: "iam:PassRole",
    Resource: TASK_ROLE,
    Condition: { StringEquals: { "iam:PassedToService": "events.amazonaws.com" } },
  },
];

export const topic = (Id: string, more: Partial<Target> = {}): Target => ({
  Id,
  Arn: `arn:aws:sns:us-east-1:123456789012:${Id}`,
  ...more,
});
export const cluster = (Id: string, more: Partial<Target> = {}): Target => ({
  Id,
  Arn: "arn:aws:ecs:us-east-1:123456789012:cluster/dev",
  RoleArn: TASK_ROLE,
  EcsParameters: { TaskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/dev-storefront-task:7" },
  ...more,
});

/** An account with EventBridge, and a client of it under `statements`. */
export async function createEventCloud(statements: object[] = GRANTED, roleName = "schedules") {
  const cloud = await createTestCloud([createEventBridge]);
  const clients: EventBridgeClient[] = [];

  async function clientOf(name: string, statements: object[]) {
    const role = await cloud.role(name, "lambda.amazonaws.com", statements);
    const made = new EventBridgeClient(await cloud.clientOptions("lambda.amazonaws.com", role));
    clients.push(made);
    return made;
  }
  const put = (Name: string, more: Partial<PutRuleCommandInput> = {}) =>
    client.send(new PutRuleCommand({ Name, ScheduleExpression: "rate(5 minutes)", ...more }));
  const putTargets = (Rule: string, ...Targets: Target[]) => client.send(new PutTargetsCommand({ Rule, Targets }));
  const removeTargets = (Rule: string, ...Ids: string[]) => client.send(new RemoveTargetsCommand({ Rule, Ids }));
  const describeRule = async (Name: string) => {
    const { $metadata, ...rule } = await client.send(new DescribeRuleCommand({ Name }));
    return rule;
  };
  const targetsOf = async (Rule: string, page: { Limit?: number; NextToken?: string } = {}) => {
    const { Targets = [], NextToken } = await client.send(new ListTargetsByRuleCommand({ Rule, ...page }));
    return { ids: Targets.map((it) => it.Id), NextToken };
  };
  const tagsOf = async (name: string) =>
    (await client.send(new ListTagsForResourceCommand({ ResourceARN: `${RULES}/${name}` }))).Tags;

  const client = await clientOf(roleName, statements);
  const close = () => {
    for (const it of clients) it.destroy();
    return cloud.close();
  };
  return { cloud, client, clientOf, put, putTargets, removeTargets, describeRule, targetsOf, tagsOf, close };
}

export type EventCloud = Awaited<ReturnType<typeof createEventCloud>>;
