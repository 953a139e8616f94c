import { createHash } from "node:crypto";
import { CodePipelineClient, StartPipelineExecutionCommand } from "@aws-sdk/client-codepipeline";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { defaultBuildspec } from "./buildspec";
import { clientSettings } from "./clientSettings";
import { explain, failure, failureType, isException } from "./failure";
import { zipOf } from "./fetch/archive";
import { type ArchiveHead, decideFetch } from "./fetch/decision";
import { download } from "./fetch/download";
import { type Uploaded, upload, versioned } from "./fetch/upload";
import { log } from "./log";
import { type PushMessage, parseMessage } from "./message";
import type { TrackedBranch } from "./webhook";

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
  /** GitHub's base address, without a slash at its end: `https://github.com`. */
  github: string;
  /** The versioned source bucket. */
  bucket: string;
  sources: FetchSource[];
}

/** The name of the pipeline's source action, by which an execution is bound to a version of the archive. */
export const sourceAction = "Source";

/** Kept back of the function's time, in milliseconds, to abort an upload and to say why. */
const MARGIN = 10_000;

export type FetchHandler = (
  event: SQSEvent,
  context: Pick<Context, "getRemainingTimeInMillis">,
) => Promise<SQSBatchResponse>;

interface Clients {
  s3: S3Client;
  pipelines: CodePipelineClient;
}

/**
 * Takes a {@link PushMessage} off the queue, streams that commit's archive into the source bucket, and starts the
 * application's pipeline: once for each commit, however often the message comes.
 *
 * A message that fails is reported back to the queue, which repeats it and then puts it into the dead-letter queue.
 *
 * Needs:
 * - s3:GetObject on the archives' keys: their metadata says what was fetched last
 * - s3:ListBucket on the bucket: without it S3 answers 403, not 404, while there is no archive yet
 * - s3:PutObject and s3:AbortMultipartUpload on the archives' keys
 * - codepipeline:StartPipelineExecution on the pipelines
 * - sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes on the queue, which Lambda's poller uses under this role
 */
export function createFetch(options: FetchOptions): FetchHandler {
  const clients: Clients = {
    s3: new S3Client(clientSettings(5, 60)),
    pipelines: new CodePipelineClient(clientSettings(5, 10)),
  };
  return async ({ Records }, context) => {
    for (const [index, { body, messageId }] of Records.entries()) {
      try {
        const time = Math.max(1_000, context.getRemainingTimeInMillis() - MARGIN);
        await deliver(options, clients, parseMessage(body), AbortSignal.timeout(time));
      } catch (error) {
        log("error", "fetch failed", { messageId, cause: explain(error) });
        // The rest of a batch is given back with it: in a FIFO queue nothing may overtake.
        return { batchItemFailures: Records.slice(index).map((record) => ({ itemIdentifier: record.messageId })) };
      }
    }
    return { batchItemFailures: [] };
  };
}

async function deliver(
  options: FetchOptions,
  clients: Clients,
  message: PushMessage,
  signal: AbortSignal,
): Promise<void> {
  const { application, commit, delivery } = message;
  const source = options.sources.find(
    (each) =>
      each.application === application && each.repository === message.repository && each.branch === message.branch,
  );
  if (source === undefined) {
    // The configuration has changed since the push: repeating the message would not help.
    log("warn", "fetch skipped", { application, commit, delivery, reason: "the branch is not tracked any more" });
    return;
  }
  const verdict = decideFetch(message, await headOf(clients.s3, options.bucket, source.key));
  switch (verdict.kind) {
    case "stale":
      log("info", "fetch skipped", { application, commit, delivery, reason: verdict.reason });
      return;
    case "already":
      await start(clients.pipelines, source, verdict.versionId);
      log("info", "fetch found the commit in place", { application, commit, delivery, versionId: verdict.versionId });
      return;
    case "copy": {
      const { versionId, size } = await copy(options, clients.s3, source, message, signal);
      await start(clients.pipelines, source, versionId);
      log("info", "fetch delivered", { application, commit, delivery, versionId, size });
      return;
    }
  }
}

async function headOf(s3: S3Client, bucket: string, key: string): Promise<ArchiveHead | undefined> {
  try {
    const { VersionId, Metadata } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    const versionId = versioned(bucket, VersionId);
    return { versionId, commit: Metadata?.commit, pushedAt: Metadata?.["pushed-at"] };
  } catch (error) {
    if (isException(error, "NotFound", "NoSuchKey")) {
      return undefined;
    }
    // The answer to HEAD has no body, so the SDK knows a status at most and calls a denial "UnknownError".
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    const hint = status === 403 ? "; the function's role needs s3:GetObject on it and s3:ListBucket on the bucket" : "";
    throw failure(failureType(error), `HeadObject of s3://${bucket}/${key}: ${explain(error)}${hint}`, error);
  }
}

async function copy(
  options: FetchOptions,
  s3: S3Client,
  source: FetchSource,
  message: PushMessage,
  signal: AbortSignal,
): Promise<Uploaded> {
  const { repository, branch, commit, pushedAt } = message;
  const fallback = { path: "buildspec.yml", content: defaultBuildspec };
  const archive = zipOf(await download(options.github, message, signal), fallback);
  const metadata = {
    commit,
    "pushed-at": pushedAt,
    // The console shows it beside the source revision. A header takes ASCII alone, and git allows more in a branch's name.
    "codepipeline-artifact-revision-summary": `${repository} ${encodeURI(branch)} ${commit.slice(0, 12)}`,
  };
  try {
    const destination = { bucket: options.bucket, key: source.key, contentType: "application/zip", metadata };
    return await upload(s3, destination, archive);
  } catch (error) {
    throw failure(failureType(error), `commit ${commit} of ${repository} was not stored: ${explain(error)}`, error);
  }
}

/** Starts the pipeline on one version of the archive. The token makes it start once, whoever repeats the call. */
async function start(pipelines: CodePipelineClient, source: FetchSource, versionId: string): Promise<void> {
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
    await pipelines.send(execution);
  } catch (error) {
    const what = `pipeline ${source.pipeline} was not started on version ${versionId} of ${source.key}`;
    throw failure(failureType(error), `${what}: ${explain(error)}`, error);
  }
}
