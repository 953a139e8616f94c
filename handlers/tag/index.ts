import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "../shared/clientSettings";
import { EXECUTION, type Job, type JobResult, parameter, runJob } from "../shared/codePipelineJob";
import { type LatestImage, latestDeliveredImage, NONE, recordDeliveredImage } from "../shared/deliveredImage";
import { type DeliveryLock, type LockOptions, whileHeld } from "../shared/deliveryLock";
import { explain, failure } from "../shared/failure";
import { readImage, referenceOf } from "../shared/image";
import { imageParameters } from "../shared/imageParameters";
import { type ImageTag, putTag } from "../shared/imageTag";
import { releaseLock } from "../shared/lock";
import { log } from "../shared/log";

/** The tag for the delivered image: the environment's name. */
export interface TagOptions extends ImageTag {
  /** The lock that the image was deployed under. Absent if CodePipeline's own action deploys. */
  lock?: LockOptions;
  /** The DynamoDB table where delivered images are recorded. */
  deliveredImages: string;
}

/**
 * Records that the image of a digest is delivered, then gives it the environment's tag. UserParameters:
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<pipeline execution id>"}`: the
 * image that was deployed, not any other that a build may export. The tag starts the next environment's pipeline, which
 * trusts the record.
 *
 * ECR moves a tag unconditionally, and a late repeated invocation must not move it from a newer delivery back to an
 * older one. So the tag is moved under the lock that the image was deployed under, which is released once CodePipeline
 * has the result. Without a lock, the first job only looks up when the latest image was recorded, and puts that time
 * into its continuation token; the second records its image only if the time is unchanged, and otherwise looks again.
 * CodePipeline rejects the token of a repeated job, so only the current job continues.
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
  latest: () => Promise<LatestImage | undefined>;
  /** Records the image for the next environment, before the tag starts that pipeline. */
  record: (seen?: string) => Promise<boolean>;
}

function deliveryOf(dynamo: DynamoDBClient, { repository, deliveredImages }: TagOptions, job: Job): Delivery {
  const { image, version } = imageParameters(job);
  const { repositoryName, digest } = referenceOf(image);
  if (repositoryName !== repository) {
    throw failure(
      "ConfigurationError",
      `UserParameters: image is in repository ${repositoryName}, expected ${repository}`,
    );
  }
  return {
    digest,
    latest: () => latestDeliveredImage(dynamo, deliveredImages, repository),
    record: (seen) => recordDeliveredImage(dynamo, deliveredImages, { repository, digest, version }, seen),
  };
}

/** Seconds that Tag holds a lock taken again because the stage is retried. Longer than the function's timeout. */
const HELD = 90;

async function giveTagUnderLock(
  ecr: ECRClient,
  { repository, tag }: ImageTag,
  { digest, record }: Delivery,
  lock: DeliveryLock,
): Promise<JobResult> {
  const work = async () => {
    await record();
    // Done even if the tag already names this image: a build can tag its image before it is delivered.
    await putTag(ecr, { repository, tag }, digest);
  };
  await whileHeld(lock, Date.now, work, { seconds: HELD, keeps: true });
  return {
    kind: "succeeded",
    summary: `${repository}:${tag} points to ${digest}`,
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
  }
  const found = await latest();
  const seen = continuationToken ?? (found?.digest === digest ? found.deliveredAt : undefined);
  if (seen === undefined || !(await record(seen))) {
    const before = found === undefined ? "no delivery yet" : `${found.digest} as its latest delivery`;
    const summary = `${repository} has ${before}; ${digest} is next`;
    return { kind: "continued", token: found?.deliveredAt ?? NONE, summary };
  }
  return {
    kind: "succeeded",
    summary: `${repository}:${tag} points to ${await followRecord(ecr, { repository, tag }, digest, latest)}`,
  };
}

/**
 * Moves the tag to the image, and on to newer ones: another delivery may record its image meanwhile, and have moved the tag before.
 * @returns the digest that the tag names
 */
async function followRecord(
  ecr: ECRClient,
  tag: ImageTag,
  digest: string,
  latest: Delivery["latest"],
): Promise<string> {
  await putTag(ecr, tag, digest);
  const last = (await latest())?.digest ?? digest;
  return last === digest ? digest : followRecord(ecr, tag, last, latest);
}
