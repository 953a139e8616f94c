import { createHash } from "node:crypto";
import { CodePipelineClient, StartPipelineExecutionCommand } from "@aws-sdk/client-codepipeline";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { defaultBuildspec } from "./buildspec";
import { clientSettings, queueClientSettings } from "./clientSettings";
import { explain, failure, isException } from "./failure";
import { archiveOf } from "./fetch/archive";
import { type ArchiveHead, decideFetch } from "./fetch/decision";
import { download } from "./fetch/download";
import { park, postpone } from "./fetch/queue";
import { decideRetry, type FetchFailure, judged, typeOf } from "./fetch/retry";
import { spool } from "./fetch/spool";
import { type Uploaded, upload, versioned } from "./fetch/upload";
import type { TrackedBranch } from "./forge";
import { createForgeTokens, type ForgeAccessOptions, type ForgeTokens } from "./forgeAccess";
import { log } from "./log";
import { messageGroup, type PushMessage, parseMessage } from "./message";

/** Where the archive of a tracked branch goes, and the pipeline that it starts. */
export interface FetchSource extends TrackedBranch {
  /** The object's key, such as `storefront/source.zip`. */
  key: string;
  /** The pipeline's name. */
  pipeline: string;
  /** Whether the pipeline takes source revision overrides: V2 pipelines do, V1 pipelines refuse them. */
  overridable: boolean;
}

export interface FetchOptions {
  /** The versioned source bucket. */
  bucket: string;
  /** The FIFO queue that messages come from. */
  queueUrl: string;
  /** The FIFO queue for messages that no repetition will mend. */
  deadLetterUrl: string;
  /** The forges that sources are at. */
  forges: ForgeAccessOptions;
  sources: FetchSource[];
}

/** The name of the pipeline's source action, by which an execution is bound to a version of the archive. */
export const sourceAction = "Source";

/** Kept back of the function's time, in milliseconds: to abort an upload, and to say when the message is to come again. */
const MARGIN = 15_000;

export type FetchHandler = (
  event: SQSEvent,
  context: Pick<Context, "getRemainingTimeInMillis">,
) => Promise<SQSBatchResponse>;

interface Clients {
  s3: S3Client;
  pipelines: CodePipelineClient;
  queue: SQSClient;
  tokens: ForgeTokens;
}

/**
 * Takes a {@link PushMessage} off the queue, copies that commit's archive into the source bucket, and starts the
 * application's pipeline: once for each commit, however often the message comes.
 *
 * A message that fails is handed out again after a while that grows each time, and goes to the dead letters when the queue
 * has enough of it, or at once where no repetition will help.
 *
 * Needs:
 * - s3:GetObject on the archives' keys: their metadata says what was fetched last
 * - s3:ListBucket on the bucket: without it S3 answers 403, not 404, while there is no archive yet
 * - s3:PutObject and s3:AbortMultipartUpload on the archives' keys
 * - codepipeline:StartPipelineExecution on the pipelines
 * - sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes on the queue, which Lambda's poller uses under this role
 * - sqs:ChangeMessageVisibility on the queue, sqs:SendMessage on the dead-letter queue
 * - secretsmanager:GetSecretValue on the secrets of the forges' tokens
 */
export function createFetch(options: FetchOptions): FetchHandler {
  const clients: Clients = {
    s3: new S3Client(clientSettings(5, 60)),
    pipelines: new CodePipelineClient(clientSettings(5, 10)),
    queue: new SQSClient(queueClientSettings(2, 2)),
    tokens: createForgeTokens(new SecretsManagerClient(clientSettings(3, 3)), options.forges),
  };
  return async ({ Records }, context) => {
    for (const [index, record] of Records.entries()) {
      const signal = AbortSignal.timeout(Math.max(1_000, context.getRemainingTimeInMillis() - MARGIN));
      try {
        await deliver(options, clients, readMessage(record.body), signal);
      } catch (error) {
        if (!(await giveUp(options, clients.queue, record, judged(error, signal)))) {
          // The rest of a batch is given back with it: in a FIFO queue nothing may overtake.
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

/** Within SQS's five minutes of deduplication, should the function die after it has parked the message. */
const PARKING_SECONDS = 60;

/** @returns whether the message is in the dead-letter queue; otherwise it is to be handed out again */
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

async function deliver(
  options: FetchOptions,
  clients: Clients,
  message: PushMessage,
  signal: AbortSignal,
): Promise<void> {
  const { forge, repository, branch, application, commit, delivery } = message;
  const source = options.sources.find(
    (each) =>
      each.application === application &&
      each.forge === forge &&
      each.repository === repository &&
      each.branch === branch,
  );
  if (source === undefined) {
    // It was removed, or is new: `pulumi up` updates functions at once, but fetch only after the pipelines that it starts.
    throw failure(
      "RevisionUnavailable",
      `no source of application ${application} is branch ${branch} of ${repository} at ${forge}: if \`pulumi up\` was about to ` +
        "add it, redrive the message; if it was removed, delete the message",
    );
  }
  const verdict = decideFetch(message, await headOf(clients.s3, options.bucket, source.key, signal));
  switch (verdict.kind) {
    case "stale":
      log("info", "fetch skipped", { application, commit, delivery, reason: verdict.reason });
      return;
    case "already":
      await start(clients.pipelines, source, verdict.versionId, signal);
      log("info", "fetch found the commit in place", { application, commit, delivery, versionId: verdict.versionId });
      return;
    case "copy": {
      const { versionId, size } = await copy(options, clients, source, message, signal);
      await start(clients.pipelines, source, versionId, signal);
      log("info", "fetch delivered", { application, commit, delivery, versionId, size });
      return;
    }
  }
}

async function headOf(
  s3: S3Client,
  bucket: string,
  key: string,
  abortSignal: AbortSignal,
): Promise<ArchiveHead | undefined> {
  try {
    const head = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { VersionId, Metadata } = await s3.send(head, { abortSignal });
    const versionId = versioned(bucket, VersionId);
    return { versionId, commit: Metadata?.commit, pushedAt: Metadata?.["pushed-at"], group: Metadata?.["push-group"] };
  } catch (error) {
    if (isException(error, "NotFound", "NoSuchKey")) {
      return undefined;
    }
    // The answer to HEAD has no body, so the SDK knows a status at most and calls a denial "UnknownError".
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    const hint = status === 403 ? "; the function's role needs s3:GetObject on it and s3:ListBucket on the bucket" : "";
    const type = status === 403 ? "PermissionError" : typeOf(error);
    throw failure(type, `HeadObject of s3://${bucket}/${key}: ${explain(error)}${hint}`, error);
  }
}

async function copy(
  options: FetchOptions,
  { s3, tokens }: Clients,
  source: FetchSource,
  message: PushMessage,
  signal: AbortSignal,
): Promise<Uploaded> {
  const { repository, branch, commit, pushedAt } = message;
  const fallback = { path: "buildspec.yml", content: defaultBuildspec };
  const downloading = await download(options.forges, tokens, message, signal);
  const metadata = {
    commit,
    "pushed-at": pushedAt,
    "push-group": messageGroup(message),
    // The console shows it beside the source revision. A header takes ASCII alone, and git allows more in a branch's name.
    "codepipeline-artifact-revision-summary": `${repository} ${encodeURI(branch)} ${commit.slice(0, 12)}`,
  };
  try {
    const destination = { bucket: options.bucket, key: source.key, contentType: "application/zip", metadata };
    const downloaded = await spool(downloading);
    try {
      return await upload(s3, destination, archiveOf(downloaded, fallback, signal), signal);
    } finally {
      await downloaded.close();
    }
  } catch (error) {
    throw failure(typeOf(error), `commit ${commit} of ${repository} was not stored: ${explain(error)}`, error);
  }
}

/** Starts the pipeline on one version of the archive. The token makes it start once, whoever repeats the call. */
async function start(
  pipelines: CodePipelineClient,
  source: FetchSource,
  versionId: string,
  abortSignal: AbortSignal,
): Promise<void> {
  const revision = {
    actionName: sourceAction,
    revisionType: "S3_OBJECT_VERSION_ID",
    revisionValue: versionId,
  } as const;
  const execution = new StartPipelineExecutionCommand({
    name: source.pipeline,
    // A version id may hold characters that the token may not.
    clientRequestToken: createHash("sha256").update(versionId).digest("hex"),
    ...(source.overridable && { sourceRevisions: [revision] }),
  });
  try {
    await pipelines.send(execution, { abortSignal });
  } catch (error) {
    const what = `pipeline ${source.pipeline} was not started on version ${versionId} of ${source.key}`;
    // The pipeline has too much under way.
    const isBusy = isException(error, "ConflictException", "ConcurrentPipelineExecutionsLimitExceededException");
    throw failure(isBusy ? "SystemUnavailable" : typeOf(error), `${what}: ${explain(error)}`, error);
  }
}
