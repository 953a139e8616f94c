import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "./clientSettings";
import { EXECUTION, type Job, type JobResult, parameter, runJob } from "./codePipelineJob";
import { latestDeliveredImage, recordDeliveredImage } from "./deliveredImage";
import { type DeliveryLock, type LockOptions, whileHeld } from "./deploy/deliveryLock";
import { releaseLock } from "./deploy/lock";
import { explain, failure } from "./failure";
import { readImage, referenceOf } from "./image";
import { imageParameters } from "./imageParameters";
import { type ImageTag, putTag } from "./imageTag";
import { log } from "./log";

/** The tag to give to the delivered image is the environment's name. */
export interface TagOptions extends ImageTag {
  /** Where the lock is that the image was deployed under. Absent where CodePipeline's own action deploys. */
  lock?: LockOptions;
  /** The DynamoDB table where delivered images are recorded. */
  deliveredImages: string;
}

/** The token's value if no image was delivered yet. */
const NONE = "none";

/**
 * Records that the image of a digest is delivered, then gives it the environment's tag. UserParameters:
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<pipeline execution id>"}`, the image that was
 * deployed, and not what else a build may export. The tag starts the pipeline of the
 * next environment, which trusts the record.
 *
 * ECR moves a tag whatever it names, and an invocation may be repeated late, when a newer delivery has the tag: that must not
 * lose it to an older one. So the tag is moved under the lock that the image was deployed under, which is released once
 * CodePipeline has the result. Without a lock, the first job only looks which image was recorded last, and its continuation
 * token says which; the second records its own only if that has not changed.
 *
 * Needs, with a lock, dynamodb:GetItem and dynamodb:UpdateItem on its table, and:
 * - ecr:BatchGetImage, ecr:PutImage on the repository
 * - dynamodb:UpdateItem and, without a lock, dynamodb:GetItem on the table of delivered images
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 */
export function createTag(options: TagOptions): (event: CodePipelineEvent) => Promise<void> {
  const ecr = new ECRClient(clientSettings(5, 10));
  const dynamo = new DynamoDBClient(clientSettings(5, 10));
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const { lock } = options;
  return (event) =>
    runJob(pipelines, event, (job) => {
      const delivery = deliveryOf(dynamo, options, job);
      if (lock === undefined) {
        return giveTag(ecr, options, job, delivery);
      }
      const execution = parameter(job, "execution", EXECUTION, "the id of the pipeline's execution");
      const table = { dynamo, table: lock.table };
      return giveTagUnderLock(ecr, options, delivery, { table, application: lock.application, execution });
    });
}

/** The image that the environment has delivered. */
interface Delivery {
  digest: string;
  /** The digest of the image that was recorded last. */
  latest: () => Promise<string | undefined>;
  /** Records it for the next environment, before the tag starts that one's pipeline. */
  record: (replacing?: { latest: string | undefined }) => Promise<void>;
}

function deliveryOf(dynamo: DynamoDBClient, { repository, deliveredImages }: TagOptions, job: Job): Delivery {
  const { image, version } = imageParameters(job);
  const { repositoryName, digest } = referenceOf(image);
  if (repositoryName !== repository) {
    throw failure(
      "ConfigurationError",
      `UserParameters: image is of repository ${repositoryName}, expected ${repository}`,
    );
  }
  return {
    digest,
    latest: () => latestDeliveredImage(dynamo, deliveredImages, repository),
    record: (replacing) => recordDeliveredImage(dynamo, deliveredImages, { repository, digest, version }, replacing),
  };
}

async function giveTagUnderLock(
  ecr: ECRClient,
  { repository, tag }: ImageTag,
  { digest, record }: Delivery,
  lock: DeliveryLock,
): Promise<JobResult> {
  await whileHeld(lock, Date.now, async () => {
    await record();
    // A build can give its image the tag before it is delivered. ECR accepts the same tag again.
    await putTag(ecr, { repository, tag }, digest);
  });
  return {
    kind: "succeeded",
    summary: `${repository}:${tag} is ${digest}`,
    afterwards: () =>
      // The delivery ends here. If this fails, the deploy function releases the lock.
      releaseLock(lock.table, lock.application, lock.execution).catch((error: unknown) => {
        log("warn", "lock not released yet", { ...lock, table: lock.table.table, cause: explain(error) });
      }),
  };
}

async function giveTag(
  ecr: ECRClient,
  { repository, tag }: ImageTag,
  { continuationToken }: Job,
  { digest, latest, record }: Delivery,
): Promise<JobResult> {
  if (continuationToken === undefined) {
    await readImage(ecr, { repositoryName: repository, digest });
    const token = (await latest()) ?? NONE;
    if (token !== digest) {
      return {
        kind: "continued",
        token,
        summary: `the latest delivery of ${repository} is ${token}, and is to be ${digest}`,
      };
    }
  }
  await record({ latest: continuationToken === NONE ? undefined : (continuationToken ?? digest) });
  // A build can give its image the tag before it is delivered. ECR accepts the same tag again.
  await putTag(ecr, { repository, tag }, digest);
  return { kind: "succeeded", summary: `${repository}:${tag} is ${digest}` };
}
