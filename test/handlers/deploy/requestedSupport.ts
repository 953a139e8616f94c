import { createHash } from "node:crypto";
import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { advanceDeployment, type RecordedContext } from "../../../handlers/deploy/recorded";
import { acquireLock, type DeploymentTable, lockSeconds } from "../../../handlers/shared/lock";
import { takeMessages } from "../../../handlers/shared/records/messages";
import { putRecord } from "../../../handlers/shared/records/record";
import { DELIVERED_IMAGES, startTable, TABLE, type Table } from "../../callbacks/table";
import { capture } from "../output";
import { DIGEST, IMAGE } from "./ecs";
import { type DeploymentWorld, RECORDS, START, useDeployment } from "./support";

export const ID = "11111111-2222-3333-4444-555555555555";
export const LOCK = "application/storefront";
export const UNTIL = START / 1_000 + lockSeconds(30);

/** A deployment of version v2 that was asked for by HTTP, and the messages that name it. */
export interface RequestedWorld {
  deployment: DeploymentWorld;
  stored: Table;
  table: DeploymentTable;
  context: RecordedContext;
  /** As the API leaves it: lock, record and message; or without a deployment by HTTP. */
  setUp(names: string[], byHttp?: boolean): Promise<void>;
  /** How the pipeline's execution stands. */
  execution: string;
  /** One delivery of the message. @returns whether it is over, and what was logged */
  round(body?: string): Promise<{ over: boolean; lines: Record<string, unknown>[] }>;
  /** One delivery of the message, whose logs are not kept. @returns whether it is over */
  deliver(body?: string): Promise<boolean>;
  rounds(count: number): Promise<boolean>;
  /** How the record stands. */
  progress(): Promise<Record<string, unknown>>;
  lockOwner(): Promise<unknown>;
}

export const eventOf = (body: string): SQSEvent => ({
  Records: [
    {
      messageId: "message-1",
      receiptHandle: "receipt-1",
      body,
      attributes: { SentTimestamp: String(START) },
    } as SQSRecord,
  ],
});

/** Gives each test of a suite a world of its own. */
export function useRequested(): RequestedWorld {
  const deployment = useDeployment();
  const world = {} as RequestedWorld;
  Object.assign(world, {
    deployment,
    async setUp(names: string[], byHttp = true) {
      deployment.setUp(names);
      const client = {
        endpoint: deployment.endpoint.url,
        region: "us-east-1",
        credentials: { accessKeyId: "id", secretAccessKey: "key" },
        maxAttempts: 1,
      };
      world.context = {
        application: "storefront",
        options: RECORDS,
        deployment: deployment.context,
        requests: {
          repository: "storefront",
          tag: "dev",
          deliveredImages: DELIVERED_IMAGES,
          topicArn: "arn:aws:sns:us-east-1:123456789012:notices",
          sns: new SNSClient(client),
        },
        table: world.table,
        pipelines: new CodePipelineClient(client),
        sqs: new SQSClient({ ...client, useQueueUrlAsEndpoint: false }),
        now: () => deployment.now,
      };
      const { answers } = deployment.endpoint;
      answers.BatchGetImage = () => ({
        images: [{ imageId: { imageDigest: DIGEST }, imageManifest: "{}", imageManifestMediaType: "application/json" }],
        failures: [],
      });
      answers.PutImage = () => ({});
      answers.ChangeMessageVisibility = () => ({});
      answers.SendMessage = ({ MessageBody }) => ({
        MessageId: "1",
        MD5OfMessageBody: createHash("md5").update(String(MessageBody)).digest("hex"),
      });
      answers.PutJobSuccessResult = () => ({});
      answers.PutJobFailureResult = () => ({});
      answers.GetPipelineExecution = () => ({ pipelineExecution: { status: world.execution } });
      // SNS speaks the query protocol: every request that is not JSON is a Publish.
      deployment.endpoint.plain = ({ body }) => {
        const input = Object.fromEntries(new URLSearchParams(body.toString()));
        deployment.endpoint.requests.push({ operation: input.Action ?? "", input });
        return {
          status: 200,
          body: "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
        };
      };
      if (!byHttp) {
        return;
      }
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
    async deliver(body = JSON.stringify({ id: ID })) {
      const { batchItemFailures } = await takeMessages(world.context, eventOf(body), (record) =>
        advanceDeployment(world.context, record, { kind: "message" }),
      );
      return batchItemFailures.length === 0;
    },
    async round(body?: string) {
      const { value, lines } = await capture(() => world.deliver(body));
      return { over: value, lines };
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
    async lockOwner() {
      const { owner, until } = (await world.stored.read(LOCK)) ?? {};
      return Number(until) < deployment.now / 1_000 ? undefined : owner;
    },
  } satisfies Partial<RequestedWorld>);
  before(async () => {
    world.stored = await startTable();
    world.table = { dynamo: world.stored.dynamo, table: TABLE };
  });
  beforeEach(async () => {
    world.execution = "InProgress";
    await world.stored.clear();
  });
  after(() => world.stored.close());
  return world;
}
