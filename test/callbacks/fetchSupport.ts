import { createHash } from "node:crypto";
import { createFetch, type FetchOptions, type FetchSource } from "../../handlers/fetch";
import { packet } from "../../handlers/poll/packets";
import { FORGES } from "../../handlers/shared/forge";
import type { ForgeAccessOptions } from "../../handlers/shared/forgeAccess";
import type { PushMessage } from "../../handlers/shared/message";
import { serialize } from "../../infra/lambda/serialization";
import { type Bucket, createBucket } from "./bucket";
import { type Endpoint, type PlainAnswer, type PlainRequest, startEndpoint } from "./endpoint";
import { type InvocationTime, type Lambda, startLambda } from "./lambda";

export const PACKAGES = ["yauzl"];
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Of every application, at every forge. */
const tracked = { repository: "acme/storefront", branch: "feature/basket" };

export const message: PushMessage = {
  ...tracked,
  forge: "github",
  commit: COMMIT,
  delivery: "8b5f2a80-5f2c-11ef-9c1d-2b0d4e8f7a11",
  pushedAt: "2026-01-05T10:00:00.000Z",
  application: "storefront",
};

export const GROUP = "8164d648f060cd5b76403777f55616ced758a6ff5ed3fbf90f8ae6da632b3750";
export const QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/pushes.fifo";
export const TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts";
export const DEAD_LETTERS = "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters.fifo";

const storefront = { application: "storefront", key: "storefront/source.zip", pipeline: "storefront-p" };
const sources: FetchSource[] = [
  ...FORGES.map((forge) => ({ ...tracked, ...storefront, forge, overridable: true })),
  {
    ...tracked,
    application: "basket",
    forge: "github",
    key: "basket/source.zip",
    pipeline: "basket-p",
    overridable: false,
  },
];

/** How the function is invoked. */
export interface Handing extends InvocationTime {
  /** Instead of a message. */
  body?: string;
  /** How often the queue has handed the message out; once. */
  receives?: number;
  /** The ids of messages like it that are handed out behind it. */
  behind?: string[];
}

export interface Fetched {
  value: unknown;
  /** Its lines. */
  logged: Record<string, unknown>[];
}

/** The function, AWS, and the forges, which are at paths of AWS's address. */
export interface FetchWorld {
  endpoint: Endpoint;
  bucket: Bucket;
  /** What is asked of the forges. */
  asked: PlainRequest[];
  /** Where the branch is; at the commit of the message that is delivered if it is undefined. */
  head: string | undefined;
  /** What forges answer. Where the branches are, is answered by {@link FetchWorld.head}. */
  forge: (request: PlainRequest) => PlainAnswer | Promise<PlainAnswer>;
  /** What forges answer to the request for where the branches are. */
  refs: () => PlainAnswer;
  /** Forgets what was. */
  reset(): void;
  /** Hands the function a message, with changes. @throws if the function does */
  deliver(change?: Partial<PushMessage>, handing?: Handing): Promise<Fetched>;
  /** Lets time pass while the function runs: its deadlines fire. */
  pass(milliseconds: number): void;
  /** Hands two instances of the function the same message at the same time. */
  deliverTwice(change?: Partial<PushMessage>): Promise<Fetched[]>;
  /** The calls of an operation, their inputs. */
  calls(operation: string): object[];
  close(): Promise<void>;
}

/** @param forges by the address that AWS has here */
export async function createFetchWorld(forges: (url: string) => ForgeAccessOptions): Promise<FetchWorld> {
  const text = await serialize(createFetch);
  const endpoint = await startEndpoint();
  endpoint.plain = (request) => {
    if (request.url.startsWith("/source/")) {
      return world.bucket.answer(request);
    }
    if (request.url.includes("/info/refs?")) {
      return world.refs();
    }
    world.asked.push(request);
    return world.forge(request);
  };
  const options: FetchOptions = {
    bucket: "source",
    queueUrl: QUEUE,
    deadLetterUrl: DEAD_LETTERS,
    topicArn: TOPIC,
    environment: "dev",
    forges: forges(endpoint.url),
    sources,
  };
  const start = () => startLambda({ text, options, endpointUrl: endpoint.url, packages: PACKAGES });
  const lambda = start();
  let pushed = COMMIT;
  async function deliverTo(to: Lambda, change: Partial<PushMessage>, handing: Handing = {}): Promise<Fetched> {
    pushed = change.commit ?? COMMIT;
    const { body = JSON.stringify({ ...message, ...change }), receives = 1, behind = [], ...time } = handing;
    const attributes = { ApproximateReceiveCount: String(receives), MessageGroupId: GROUP };
    const record = { receiptHandle: `receipt-${receives}`, body, attributes };
    const Records = ["m1", ...behind].map((messageId) => ({ messageId, ...record }));
    const { value, error, lines } = await to.invoke({ Records }, time);
    if (error !== undefined) {
      throw new Error(`the function failed: ${error.name}: ${error.message}`);
    }
    return { value, logged: lines.map((line) => JSON.parse(line)) };
  }
  // Version 0 of git's protocol lists the branches' heads at once.
  const refs = (): PlainAnswer => ({
    status: 200,
    headers: { "content-type": "application/x-git-upload-pack-advertisement" },
    body: `${packet(`${world.head ?? pushed} refs/heads/${tracked.branch}\0agent=git\n`)}0000`,
  });
  const world: FetchWorld = {
    endpoint,
    bucket: createBucket(),
    asked: [],
    head: undefined,
    refs,
    forge: () => ({ status: 500 }),
    reset() {
      endpoint.requests = [];
      endpoint.answers.StartPipelineExecution = () => ({ pipelineExecutionId: "e1" });
      endpoint.answers.ChangeMessageVisibility = () => ({});
      endpoint.answers.SendMessage = ({ MessageBody }) => acknowledged(MessageBody);
      world.bucket = createBucket();
      world.asked = [];
      world.head = undefined;
      world.refs = refs;
    },
    deliver: (change = {}, handing = {}) => deliverTo(lambda, change, handing),
    async deliverTwice(change = {}) {
      const other = start();
      try {
        return await Promise.all([lambda, other].map((each) => deliverTo(each, change)));
      } finally {
        await other.close();
      }
    },
    pass: lambda.pass,
    calls: (operation) =>
      endpoint.requests.filter((request) => request.operation === operation).map(({ input }) => input),
    async close() {
      await lambda.close();
      await endpoint.close();
    },
  };
  world.reset();
  return world;
}

/** The client compares digests of what SQS has taken with what it has sent. */
function acknowledged(body: unknown): object {
  return { MessageId: "m2", MD5OfMessageBody: createHash("md5").update(String(body)).digest("hex") };
}
