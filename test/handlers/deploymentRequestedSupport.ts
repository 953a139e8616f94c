import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { acquireLock, type DeploymentTable, lockSeconds } from "../../handlers/deploy/lock";
import { deployRequested, type RequestedContext } from "../../handlers/deploy/requested";
import { putRecord } from "../../handlers/deployments/record";
import { startTable, TABLE, type Table } from "../callbacks/table";
import { type DeploymentWorld, START, useDeployment } from "./deploymentSupport";
import { DIGEST, IMAGE } from "./ecs";
import { capture } from "./output";

export const ID = "11111111-2222-3333-4444-555555555555";
export const LOCK = "application/storefront";
export const UNTIL = START / 1_000 + lockSeconds(30);

/** A deployment of version v2 that was asked for by HTTP, and the messages that name it. */
export interface RequestedWorld {
  deployment: DeploymentWorld;
  stored: Table;
  table: DeploymentTable;
  context: RequestedContext;
  /** As the API leaves it: lock, record and message. */
  setUp(names: string[]): Promise<void>;
  /** One delivery of the message. @returns whether it is over, and what was logged */
  round(body?: string): Promise<{ over: boolean; lines: Record<string, unknown>[] }>;
  rounds(count: number): Promise<boolean>;
  /** How the record stands. */
  progress(): Promise<Record<string, unknown>>;
  lockOwner(): Promise<unknown>;
}

export const eventOf = (body: string): SQSEvent => ({
  Records: [{ messageId: "message-1", receiptHandle: "receipt-1", body } as SQSRecord],
});

/** Gives each test of a suite a world of its own. */
export function useRequested(): RequestedWorld {
  const deployment = useDeployment();
  const world = {} as RequestedWorld;
  Object.assign(world, {
    deployment,
    async setUp(names: string[]) {
      deployment.setUp(names);
      const client = {
        endpoint: deployment.endpoint.url,
        region: "us-east-1",
        credentials: { accessKeyId: "id", secretAccessKey: "key" },
        maxAttempts: 1,
      };
      world.context = {
        deployment: deployment.context,
        requests: {
          table: TABLE,
          repository: "storefront",
          tag: "dev",
          topicArn: "arn:aws:sns:us-east-1:123456789012:notices",
          queueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/storefront-requests",
        },
        table: world.table,
        sqs: new SQSClient({ ...client, useQueueUrlAsEndpoint: false }),
        sns: new SNSClient(client),
      };
      const { answers } = deployment.endpoint;
      answers.BatchGetImage = () => ({
        images: [{ imageId: { imageDigest: DIGEST }, imageManifest: "{}", imageManifestMediaType: "application/json" }],
        failures: [],
      });
      answers.PutImage = () => ({});
      answers.ChangeMessageVisibility = () => ({});
      // SNS speaks the query protocol: every request that is not JSON is a Publish.
      deployment.endpoint.plain = ({ body }) => {
        const input = Object.fromEntries(new URLSearchParams(body.toString()));
        deployment.endpoint.requests.push({ operation: input.Action ?? "", input });
        return {
          status: 200,
          body: "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
        };
      };
      const requestedAt = new Date(START).toISOString();
      await acquireLock(
        world.table,
        "storefront",
        { owner: ID, by: "deployment", version: "v2", until: UNTIL },
        START / 1_000,
      );
      await putRecord(world.table, {
        id: ID,
        application: "storefront",
        version: "v2",
        image: IMAGE,
        state: "queued",
        requestedAt,
        updatedAt: requestedAt,
        until: UNTIL,
        round: 0,
      });
    },
    async round(body = JSON.stringify({ id: ID })) {
      const { value, lines } = await capture(() => deployRequested(world.context, eventOf(body)));
      return { over: value.batchItemFailures.length === 0, lines };
    },
    async rounds(count) {
      let over = false;
      for (let done = 0; done < count; done += 1) {
        over = (await world.round()).over;
      }
      return over;
    },
    async progress() {
      const { state, summary, cause, round } = (await world.stored.read(ID)) ?? {};
      return { state, round, ...(summary !== undefined && { summary }), ...(cause !== undefined && { cause }) };
    },
    lockOwner: async () => (await world.stored.read(LOCK))?.owner,
  } satisfies Partial<RequestedWorld>);
  before(async () => {
    world.stored = await startTable();
    world.table = { dynamo: world.stored.dynamo, table: TABLE };
  });
  beforeEach(() => world.stored.clear());
  after(() => world.stored.close());
  return world;
}
