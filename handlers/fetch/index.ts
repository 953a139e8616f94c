import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { defaultBuildspec } from "../build/buildspec";
import { clientSettings, queueClientSettings } from "../shared/clientSettings";
import { explain, failure } from "../shared/failure";
import type { TrackedBranch } from "../shared/forge";
import { createForgeTokens, type ForgeAccessOptions, type ForgeTokens } from "../shared/forgeAccess";
import { log } from "../shared/log";
import { messageGroup, type PushMessage, parseMessage } from "../shared/message";
import { archiveOf } from "./archive";
import { conditionalClient, isOvertaken } from "./conditional";
import { decideFetch, lastOf, versionInPlace } from "./decision";
import { download } from "./download";
import { drop } from "./dropped";
import { headOf } from "./head";
import { park, postpone } from "./queue";
import { decideRetry, type FetchFailure, judged, PATIENCE, typeOf } from "./retry";
import { spool } from "./spool";
import { standingOf } from "./standing";
import { type Started, start } from "./start";
import { type Uploaded, upload } from "./upload";

/** A tracked branch, its archive, and the pipeline to start. */
export type FetchSource = TrackedBranch & Started;

export interface FetchOptions {
  /** The versioned archive bucket. */
  bucket: string;
  /** The FIFO queue that messages come from. */
  queueUrl: string;
  /** The FIFO queue for messages that retrying cannot fix. */
  deadLetterUrl: string;
  /** The topic of notices. */
  topicArn: string;
  /** The stack's environment, for notices. */
  environment: string;
  /** The forges of the sources. */
  forges: ForgeAccessOptions;
  sources: FetchSource[];
}

/** Reserved time of the function, in milliseconds: to abort an upload, and to set when the message is retried. */
const MARGIN = 15_000;

export type FetchHandler = (
  event: SQSEvent,
  context: Pick<Context, "getRemainingTimeInMillis">,
) => Promise<SQSBatchResponse>;

interface Clients {
  s3: S3Client;
  pipelines: CodePipelineClient;
  queue: SQSClient;
  sns: SNSClient;
  tokens: ForgeTokens;
}

/**
 * Receives a {@link PushMessage} from the queue, copies that commit's archive into the archive bucket, and starts the
 * application's pipeline: once for each commit, however often the message is received, and even if several invocations
 * process it at the same time. Only commits that the branch contains are delivered.
 *
 * A failed message is retried after a growing delay. It goes to the dead-letter queue at the receive limit, or at once
 * if retrying cannot help.
 *
 * Needs:
 * - s3:GetObject on the archives' keys: their metadata says what was fetched last
 * - s3:ListBucket on the bucket: without it S3 answers 403, not 404, while there is no archive yet
 * - s3:PutObject and s3:AbortMultipartUpload on the archives' keys
 * - codepipeline:StartPipelineExecution on the pipelines
 * - sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes on the queue, which Lambda's poller uses under this
 *   role
 * - sqs:ChangeMessageVisibility and sqs:SendMessage on the queue, sqs:SendMessage on the dead-letter queue
 * - sns:Publish on the topic
 * - secretsmanager:GetSecretValue on the secrets of the forges' tokens
 */
export function createFetch(options: FetchOptions): FetchHandler {
  const clients: Clients = {
    s3: new S3Client(clientSettings(5, 60)),
    pipelines: new CodePipelineClient(clientSettings(5, 10)),
    queue: new SQSClient(queueClientSettings(2, 2)),
    sns: new SNSClient(clientSettings(3, 3)),
    tokens: createForgeTokens(new SecretsManagerClient(clientSettings(3, 3)), options.forges),
  };
  return async ({ Records }, context) => {
    for (const [index, record] of Records.entries()) {
      const signal = AbortSignal.timeout(Math.max(1_000, context.getRemainingTimeInMillis() - MARGIN));
      try {
        const receives = Number(record.attributes.ApproximateReceiveCount);
        await deliver({ options, clients, message: readMessage(record.body), receives, signal });
      } catch (error) {
        if (!(await giveUp(options, clients.queue, record, judged(error, signal)))) {
          // Also return the rest of the batch: a FIFO queue must keep its order.
          return { batchItemFailures: Records.slice(index).map(({ messageId }) => ({ itemIdentifier: messageId })) };
        }
      }
    }
    return { batchItemFailures: [] };
  };
}

function readMessage(body: string): PushMessage {
  try {
    return parseMessage(body);
  } catch (error) {
    throw failure("JobFailed", `the message cannot be read: ${explain(error)}`, error);
  }
}

/** Less than SQS's five minutes of deduplication, in case the function dies after it has parked the message. */
const PARKING_SECONDS = 60;

/** @returns whether the message is in the dead-letter queue; otherwise it will be retried */
async function giveUp(
  { queueUrl, deadLetterUrl }: FetchOptions,
  queue: SQSClient,
  record: SQSRecord,
  problem: FetchFailure,
): Promise<boolean> {
  const { messageId } = record;
  const receives = Number(record.attributes.ApproximateReceiveCount);
  const verdict = decideRetry(problem, receives, messageId);
  const cause = problem.message;
  if (verdict.kind === "retry") {
    log("error", "fetch failed", { messageId, cause, receives, retryInSeconds: verdict.seconds });
    await postpone(queue, queueUrl, record, verdict.seconds);
    return false;
  }
  log("error", "fetch gave up", { messageId, cause, receives });
  await postpone(queue, queueUrl, record, PARKING_SECONDS);
  try {
    await park(queue, deadLetterUrl, record, verdict.reason);
    return true;
  } catch (error) {
    log("error", "the message was not put into the dead-letter queue", { messageId, cause: explain(error) });
    return false;
  }
}

/** How often to check the bucket again because another invocation has stored an archive in the meantime. */
const LOOKS = 3;

/** A push that one invocation is processing. */
interface Delivery {
  options: FetchOptions;
  clients: Clients;
  message: PushMessage;
  /** How often the message was received. */
  receives: number;
  signal: AbortSignal;
}

async function deliver(delivery: Delivery): Promise<void> {
  const source = sourceOf(delivery.options, delivery.message);
  for (let look = 0; look < LOOKS; look += 1) {
    if (await isDone(delivery, source)) {
      return;
    }
  }
  throw failure("SystemUnavailable", `others replaced the archive ${source.key} ${LOOKS} times in the meantime`);
}

function sourceOf({ sources }: FetchOptions, message: PushMessage): FetchSource {
  const { forge, repository, branch, application } = message;
  const source = sources.find(
    (each) =>
      each.application === application &&
      each.forge === forge &&
      each.repository === repository &&
      each.branch === branch,
  );
  if (source === undefined) {
    // It was removed, or is new: `pulumi up` updates this function only after the pipelines that it starts.
    throw failure(
      "RevisionUnavailable",
      `application ${application} does not track branch ${branch} of ${repository} at ${forge}: if \`pulumi up\` was about to ` +
        "add it, redrive the message; if it was removed, delete the message",
    );
  }
  return source;
}

/** @returns `false` if another invocation has stored an archive since this one checked the bucket: check again */
async function isDone(
  { options, clients, message, receives, signal }: Delivery,
  source: FetchSource,
): Promise<boolean> {
  const { application, commit, delivery } = message;
  const head = await headOf(clients.s3, options.bucket, source.key, signal);
  const inPlace = versionInPlace(message, head);
  if (inPlace !== undefined) {
    await start(clients.pipelines, source, inPlace, signal);
    log("info", "fetch found the commit in place", { application, commit, delivery, versionId: inPlace });
    return true;
  }
  const standing = await standingOf(options.forges, clients.tokens, message, lastOf(message, head), signal);
  const verdict = decideFetch(message, head, standing);
  switch (verdict.kind) {
    case "stale":
      log("info", "fetch skipped", { application, commit, delivery, reason: verdict.reason });
      return true;
    case "refuse":
      // A forge may report new branch heads with a delay.
      if (receives < PATIENCE) {
        throw failure("RevisionUnavailable", verdict.reason);
      }
      await drop(clients, options, message, verdict);
      return true;
    case "copy": {
      const copied = await copy(options, clients, source, message, head?.etag, signal);
      if (copied === undefined) {
        return false;
      }
      const { versionId, size } = copied;
      await start(clients.pipelines, source, versionId, signal);
      log("info", "archive fetched", { application, commit, delivery, versionId, size });
      return true;
    }
  }
}

/**
 * Stores the archive of the pushed commit.
 * @param etag of the archive that it replaces
 * @returns `undefined` if that archive is no longer the newest
 */
async function copy(
  options: FetchOptions,
  { tokens }: Clients,
  source: FetchSource,
  message: PushMessage,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<Uploaded | undefined> {
  const { repository, branch, commit, before, pushedAt } = message;
  const fallback = { path: "buildspec.yml", content: defaultBuildspec };
  const downloading = await download(options.forges, tokens, message, signal);
  const metadata = {
    commit,
    ...(before === undefined ? {} : { "pushed-before": before }),
    "pushed-at": pushedAt,
    "push-group": messageGroup(message),
    // The console shows this next to the source revision. Headers must be ASCII; git allows more in branch names.
    "codepipeline-artifact-revision-summary": `${repository} ${encodeURI(branch)} ${commit.slice(0, 12)}`,
  };
  const s3 = conditionalClient(etag);
  try {
    const destination = { bucket: options.bucket, key: source.key, contentType: "application/zip", metadata };
    const downloaded = await spool(downloading);
    try {
      return await upload(s3, destination, archiveOf(downloaded, fallback, signal), signal);
    } finally {
      await downloaded.close();
    }
  } catch (error) {
    if (isOvertaken(error)) {
      return undefined;
    }
    throw failure(typeOf(error), `commit ${commit} of ${repository} was not stored: ${explain(error)}`, error);
  } finally {
    s3.destroy();
  }
}
