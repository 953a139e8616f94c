import { createHash } from "node:crypto";
import { expect } from "chai";
import { createDeployments, type DeploymentsOptions } from "../../handlers/deployments";
import { serialize } from "../../infra/serialization";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";
import { startTable, TABLE, type Table } from "./table";

export const TOKEN = "Zb7tQm2xV9cLw4kRy8nHs3dPf6gJu1aE0oTiXqMv";
export const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/storefront-requests";
export const ID = "11111111-2222-3333-4444-555555555555";
export const LOCK = "application/storefront";
export const IMAGE = `123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront@sha256:${"b".repeat(64)}`;
export const wanted = { application: "storefront", version: "v2" };

export const SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:deployments-AbCdEf";
const options: DeploymentsOptions = {
  secretArn: SECRET_ARN,
  table: TABLE,
  deadlineMinutes: 30,
  registry: "123456789012.dkr.ecr.us-east-1.amazonaws.com",
  applications: [{ application: "storefront", repository: "storefront", queueUrl: QUEUE_URL }],
};

const md5 = (text: unknown) => createHash("md5").update(String(text)).digest("hex");
export const seconds = () => Math.floor(Date.now() / 1_000);

/** What an operation answers whose permission is missing. */
export const denied = (action: string) => () => {
  throw awsFault("AccessDeniedException", `not authorized to perform: ${action}`);
};

export interface Call {
  authorization?: string | undefined;
  contentType?: string | undefined;
  body?: unknown;
  base64?: boolean;
}

export interface Told {
  status: number;
  told: Record<string, string>;
  headers: Record<string, string>;
  logged: Record<string, unknown>[];
}

/** The function behind deployments by HTTP, and the AWS that it sees. */
export interface DeploymentsWorld {
  text: string;
  endpoint: Endpoint;
  table: Table;
  lambda: Lambda;
  /** A function of its own, which has read no secret yet. */
  start(): Lambda;
  call(routeKey: string, call: Call & { id?: string }, to?: Lambda): Promise<Told>;
  post(call?: Call, to?: Lambda): Promise<Told>;
  get(id: string): Promise<Told>;
  /** What AWS was asked so far. */
  operations(): string[];
}

export function useDeployments(): DeploymentsWorld {
  const world = {} as DeploymentsWorld;
  Object.assign(world, {
    start: () => startLambda({ text: world.text, options, endpointUrl: world.endpoint.url }),
    call,
    post: (rest = { body: wanted }, to) => call("POST /deployments", rest, to),
    get: (id) => call("GET /deployments/{id}", { id, contentType: undefined }),
    operations: () => world.endpoint.requests.map(({ operation }) => operation),
  } satisfies Partial<DeploymentsWorld>);

  async function call(
    routeKey: string,
    { base64 = false, ...rest }: Call & { id?: string },
    to = world.lambda,
  ): Promise<Told> {
    const body = typeof rest.body === "string" ? rest.body : JSON.stringify(rest.body);
    const { value, error, lines } = await to.invoke({
      version: "2.0",
      routeKey,
      headers: {
        authorization: "authorization" in rest ? rest.authorization : `Bearer ${TOKEN}`,
        "content-type": "contentType" in rest ? rest.contentType : "application/json",
      },
      ...(rest.id !== undefined && { pathParameters: { id: rest.id } }),
      body: base64 && body !== undefined ? Buffer.from(body).toString("base64") : body,
      isBase64Encoded: base64,
    });
    expect(error).to.equal(undefined);
    expect(lines.join("\n")).not.to.include(TOKEN);
    const answer = value as { statusCode: number; headers: Record<string, string>; body: string };
    expect(answer.headers["content-type"]).to.equal("application/json");
    const told = JSON.parse(answer.body) as Record<string, string>;
    return { status: answer.statusCode, told, headers: answer.headers, logged: lines.map((line) => JSON.parse(line)) };
  }

  before(async () => {
    world.text = await serialize(createDeployments);
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
