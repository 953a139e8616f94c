import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { ECRClient } from "@aws-sdk/client-ecr";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "./clientSettings";
import { type Job, type JobResult, parameter, runJob } from "./codePipelineJob";
import { failure } from "./failure";
import { readImage } from "./image";
import { digestOf, type ImageTag, putTag } from "./imageTag";

/** The tag to give to the delivered image is the environment's name. */
export type TagOptions = ImageTag;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** The token's value for a tag that names no image yet. */
const NONE = "none";

/**
 * Gives the image of a digest the environment's tag. UserParameters: `{"digest": "sha256:…"}`.
 *
 * ECR moves a tag whatever it names, and an invocation may be repeated late, when a newer delivery has the tag: that must not
 * lose it to an older one. So the first job only looks what the tag names, and its continuation token remembers that; the
 * second moves the tag if it still names the same.
 *
 * Needs:
 * - ecr:BatchGetImage, ecr:PutImage on the repository
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 */
export function createTag(options: TagOptions): (event: CodePipelineEvent) => Promise<void> {
  const ecr = new ECRClient(clientSettings(5, 10));
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  return (event) => runJob(pipelines, event, (job) => giveTag(ecr, options, job));
}

async function giveTag(ecr: ECRClient, tag: ImageTag, job: Job): Promise<JobResult> {
  const digest = parameter(job, "digest", DIGEST, "sha256: and 64 hexadecimal digits");
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
