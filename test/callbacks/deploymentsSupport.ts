import { createHash } from "node:crypto";
import { createDeploymentRequests, type DeploymentRequestsOptions } from "../../handlers/deploymentRequests";
import { serialize } from "../../infra/lambda/serialization";
import { type Endpoint, startEndpoint } from "./endpoint";
import { type Call, eventOf, TOKEN, type Told, toldBy } from "./httpApi";
import { type Lambda, startLambda } from "./lambda";
import { startTable, TABLE, type Table } from "./table";

export const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/storefront-requests";
export const ID = "11111111-2222-3333-4444-555555555555";
export const LOCK = "application/storefront";
export const IMAGE = `123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront@sha256:${"b".repeat(64)}`;
export const wanted = { application: "storefront", version: "v2" };

export const SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:deployments-AbCdEf";
const options: DeploymentRequestsOptions = {
  secretArn: SECRET_ARN,
  table: TABLE,
  deadlineMinutes: 30,
  registry: "123456789012.dkr.ecr.us-east-1.amazonaws.com",
  applications: [{ application: "storefront", repository: "storefront", queueUrl: QUEUE_URL }],
};

const md5 = (text: unknown) => createHash("md5").update(String(text)).digest("hex");
export const seconds = () => Math.floor(Date.now() / 1_000);

type Answer = Told<Record<string, string>>;

/** The function behind deployments by HTTP, and the AWS that it sees. */
export interface DeploymentsWorld {
  text: string;
  endpoint: Endpoint;
  table: Table;
  lambda: Lambda;
  /** A function of its own, which has read no secret yet. */
  start(): Lambda;
  call(routeKey: string, call: Call, to?: Lambda): Promise<Answer>;
  post(call?: Call, to?: Lambda): Promise<Answer>;
  get(id: string): Promise<Answer>;
  /** What AWS was asked so far. */
  operations(): string[];
}

export function useDeployments(): DeploymentsWorld {
  const world = {} as DeploymentsWorld;
  Object.assign(world, {
    start: () => startLambda({ text: world.text, options, endpointUrl: world.endpoint.url }),
    call: async (routeKey, call, to = world.lambda) => toldBy(await to.invoke(eventOf(routeKey, call))),
    post: (call = { body: wanted }, to) => world.call("POST /deployments", call, to),
    get: (id) => world.call("GET /deployments/{id}", { id, contentType: undefined }),
    operations: () => world.endpoint.requests.map(({ operation }) => operation),
  } satisfies Partial<DeploymentsWorld>);

  before(async () => {
    world.text = await serialize(createDeploymentRequests);
    world.endpoint = await startEndpoint();
    world.table = await startTable();
    world.endpoint.elsewhere.DynamoDB = world.table.url;
    world.lambda = world.start();
  });
  beforeEach(async () => {
    const [, imageDigest] = IMAGE.split("@");
    world.endpoint.requests = [];
    world.endpoint.answers = {
      GetSecretValue: () => ({ ARN: SECRET_ARN, SecretString: TOKEN }),
      BatchGetImage: () => ({ images: [{ imageId: { imageDigest, imageTag: "v2" } }], failures: [] }),
      SendMessage: ({ MessageBody }) => ({ MessageId: "1", MD5OfMessageBody: md5(MessageBody) }),
    };
    await world.table.clear();
  });
  after(async () => {
    await world.lambda.close();
    await world.endpoint.close();
    await world.table.close();
  });
  return world;
}
