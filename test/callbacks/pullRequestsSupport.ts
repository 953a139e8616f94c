import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { createPullRequests, type PullRequestsOptions } from "../../handlers/pullRequests";
import { serialize } from "../../infra/lambda/serialization";
import { REVISION } from "./circleciJob";
import { type Endpoint, startEndpoint } from "./endpoint";
import { type Call, denied, eventOf, TOKEN, type Told, toldBy } from "./httpApi";
import { type InvocationTime, type Lambda, startLambda } from "./lambda";
import { PULL_REQUESTS, startPullRequestTable } from "./pullRequestTable";
import type { Table } from "./table";

export const SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:pull-requests-AbCdEf";
export const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const TASK_DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/dev-slipway-gitops-pr:3";

export const options: PullRequestsOptions = {
  secretArn: SECRET_ARN,
  table: PULL_REQUESTS,
  task: {
    cluster: "slipway",
    taskDefinition: TASK_DEFINITION,
    container: "gitops-pr",
    subnets: ["subnet-1", "subnet-2"],
    securityGroup: "sg-1",
  },
  concurrentTasks: 10,
  circleci: { branches: { main: "dev" }, image: `{service}=${REGISTRY}/{service}`, jobs: ["publish"] },
};

export const wanted = {
  repository: "acme/storefront",
  revision: REVISION,
  image: `storefront=${REGISTRY}/storefront:${REVISION}`,
  environment: "dev",
};

/** The wanted one's. */
export const ID = "e4bf0ee90e8e45dd14dca4f70b35400f";

/** The function behind pull requests by HTTP, and the AWS that it sees. */
export interface PullRequestsWorld {
  text: string;
  endpoint: Endpoint;
  table: Table;
  lambda: Lambda;
  /** ARNs of the tasks that ECS has started, by their client tokens. */
  tasks: Map<string, string>;
  /** A function of its own, which has read no secret yet. */
  start(changes?: Partial<PullRequestsOptions>): Lambda;
  call(routeKey: string, call: Call, to?: Lambda, time?: InvocationTime): Promise<Told>;
  post(call?: Call, to?: Lambda, time?: InvocationTime): Promise<Told>;
  get(id: string): Promise<Told>;
  list(query?: Record<string, string>): Promise<Told>;
  remove(id: string, time?: InvocationTime): Promise<Told>;
  /** What AWS was asked so far, but for the secret. */
  operations(): string[];
}

export function usePullRequests(): PullRequestsWorld {
  const world = {} as PullRequestsWorld;
  Object.assign(world, {
    start: (changes = {}) =>
      startLambda({ text: world.text, options: { ...options, ...changes }, endpointUrl: world.endpoint.url }),
    call: async (routeKey, call, to = world.lambda, time = {}) =>
      toldBy(await to.invoke(eventOf(routeKey, call), time)),
    post: (call = { body: wanted }, to, time) => world.call("POST /pullrequests", call, to, time),
    get: (id) => world.call("GET /pullrequests/{id}", { id, contentType: undefined }),
    list: (query = {}) => world.call("GET /pullrequests", { query, contentType: undefined }),
    remove: (id, time) => world.call("DELETE /pullrequests/{id}", { id, contentType: undefined }, undefined, time),
    operations: () =>
      world.endpoint.requests.map(({ operation }) => operation).filter((operation) => operation !== "GetSecretValue"),
  } satisfies Partial<PullRequestsWorld>);

  before(async () => {
    world.text = await serialize(createPullRequests);
    world.endpoint = await startEndpoint();
    world.table = await startPullRequestTable();
    world.endpoint.elsewhere.DynamoDB = world.table.url;
    world.lambda = world.start();
  });
  beforeEach(async () => {
    world.endpoint.requests = [];
    world.tasks = new Map();
    world.endpoint.answers = {
      GetSecretValue: () => ({ ARN: SECRET_ARN, SecretString: TOKEN }),
      RunTask: ({ clientToken }) => {
        const token = String(clientToken);
        const arn = world.tasks.get(token) ?? taskArn(world.tasks.size + 1);
        world.tasks.set(token, arn);
        return { tasks: [{ taskArn: arn, lastStatus: "PROVISIONING" }], failures: [] };
      },
    };
    await world.table.clear();
    await giveSlots(world.table, []);
  });
  after(async () => {
    await world.lambda.close();
    await world.endpoint.close();
    await world.table.close();
  });
  return world;
}

/** Writes of which records tasks are under way. */
export async function giveSlots({ dynamo }: Table, ids: string[]): Promise<void> {
  const running = Object.fromEntries(ids.map((id) => [id, { N: String(Date.now()) }]));
  const Item = { id: { S: "tasks" }, running: { M: running } };
  await dynamo.send(new PutItemCommand({ TableName: PULL_REQUESTS, Item }));
}

/** The records whose tasks are under way. */
export async function slotsOf({ dynamo }: Table): Promise<string[]> {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: PULL_REQUESTS, Key: { id: { S: "tasks" } } }));
  return Object.keys(Item?.running?.M ?? {}).sort();
}

/** What UpdateItem answers where slots can be taken, and records cannot be changed. */
export function recordsDenied({ Key }: Record<string, unknown>): object {
  return (Key as { id: { S: string } }).id.S === "tasks" ? {} : denied("dynamodb:UpdateItem")();
}

export const taskArn = (number: number) =>
  `arn:aws:ecs:us-east-1:123456789012:task/slipway/${String(number).padStart(32, "0")}`;
