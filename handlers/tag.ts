import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "./clientSettings";
import { EXECUTION, type Job, type JobResult, parameter, runJob } from "./codePipelineJob";
import { type DeliveryLock, type LockOptions, whileHeld } from "./deploy/deliveryLock";
import { releaseLock } from "./deploy/lock";
import { explain, failure } from "./failure";
import { readImage } from "./image";
import { digestOf, type ImageTag, putTag } from "./imageTag";
import { log } from "./log";

/** The tag to give to the delivered image is the environment's name. */
export interface TagOptions extends ImageTag {
  /** Where the lock is that the image was deployed under. Absent where CodePipeline's own action deploys. */
  lock?: LockOptions;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** The token's value for a tag that names no image yet. */
const NONE = "none";

/**
 * Gives the image of a digest the environment's tag. UserParameters: `{"digest": "sha256:…", "execution": "<pipeline execution
 * id>"}`.
 *
 * ECR moves a tag whatever it names, and an invocation may be repeated late, when a newer delivery has the tag: that must not
 * lose it to an older one. So the tag is moved under the lock that the image was deployed under, which the delivery gives
 * back then. Without a lock the first job only looks what the tag names, and its continuation token remembers that; the
 * second moves the tag if it still names the same.
 *
 * Needs, with a lock, dynamodb:GetItem and dynamodb:UpdateItem on the table, and:
 * - ecr:BatchGetImage, ecr:PutImage on the repository
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 */
export function createTag(options: TagOptions): (event: CodePipelineEvent) => Promise<void> {
  const ecr = new ECRClient(clientSettings(5, 10));
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const { lock } = options;
  const dynamo = lock && new DynamoDBClient(clientSettings(5, 10));
  return (event) =>
    runJob(pipelines, event, (job) => {
      if (lock === undefined || dynamo === undefined) {
        return giveTag(ecr, options, job);
      }
      const execution = parameter(job, "execution", EXECUTION, "the id of the pipeline's execution");
      const table = { dynamo, table: lock.table };
      return giveTagUnderLock(ecr, options, job, { table, application: lock.application, execution });
    });
}

async function giveTagUnderLock(ecr: ECRClient, tag: ImageTag, job: Job, lock: DeliveryLock): Promise<JobResult> {
  const digest = digestFor(job);
  const name = `${tag.repository}:${tag.tag}`;
  if ((await digestOf(ecr, tag)) !== digest) {
    await whileHeld(lock, Date.now, () => putTag(ecr, tag, digest));
  }
  // The delivery ends here. If this fails, the deploy function gives the lock back.
  await releaseLock(lock.table, lock.application, lock.execution).catch((error: unknown) => {
    log("warn", "lock not given back yet", { ...lock, table: lock.table.table, cause: explain(error) });
  });
  return { kind: "succeeded", summary: `${name} is ${digest}` };
}

function digestFor(job: Job): string {
  return parameter(job, "digest", DIGEST, "sha256: and 64 hexadecimal digits");
}

async function giveTag(ecr: ECRClient, tag: ImageTag, job: Job): Promise<JobResult> {
  const digest = digestFor(job);
  const name = `${tag.repository}:${tag.tag}`;
  const current = await digestOf(ecr, tag);
  if (current === digest) {
    return { kind: "succeeded", summary: `${name} is ${digest}` };
  }
  const found = current ?? NONE;
  if (job.continuationToken === undefined) {
    await readImage(ecr, { repositoryName: tag.repository, digest });
    return { kind: "continued", token: found, summary: `${name} is ${found}, and is to be ${digest}` };
  }
  if (job.continuationToken !== found) {
    const what = `${name} was ${job.continuationToken} and is ${found} by now`;
    throw failure("JobFailed", `${what}: another delivery has moved it, and it is left so`);
  }
  await putTag(ecr, tag, digest);
  return { kind: "succeeded", summary: `${name} is ${digest}` };
}
