import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { ECRClient, type Image, PutImageCommand } from "@aws-sdk/client-ecr";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "./clientSettings";
import { parameter, runJob } from "./codePipelineJob";
import { explain, failure, isException } from "./failure";
import { readImage } from "./image";

export interface TagOptions {
  /** The ECR repository's name. */
  repository: string;
  /** The tag to give to the delivered image: the environment's name. */
  tag: string;
}

/**
 * Gives the image of a digest the environment's tag. UserParameters: `{"digest": "sha256:…"}`.
 *
 * Needs:
 * - ecr:BatchGetImage, ecr:PutImage on the repository
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 */
export function createTag(options: TagOptions): (event: CodePipelineEvent) => Promise<void> {
  const ecr = new ECRClient(clientSettings(5, 10));
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  return (event) =>
    runJob(pipelines, event, async (job) => {
      const digest = parameter(job, "digest", /^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits");
      const image = await readImage(ecr, { repositoryName: options.repository, digest });
      await putTag(ecr, options, image, digest);
      return { kind: "succeeded", summary: `${options.repository}:${options.tag} is ${digest}` };
    });
}

async function putTag(ecr: ECRClient, { repository, tag }: TagOptions, image: Image, digest: string): Promise<void> {
  try {
    await ecr.send(
      new PutImageCommand({
        repositoryName: repository,
        // Byte for byte as it came: a newline more is another digest. Without its media type ECR takes an OCI manifest for
        // a Docker one, and answers "Invalid JSON syntax".
        imageManifest: image.imageManifest,
        imageManifestMediaType: image.imageManifestMediaType,
        imageDigest: digest,
        imageTag: tag,
      }),
    );
  } catch (error) {
    if (isException(error, "ImageAlreadyExistsException")) {
      return;
    }
    if (isException(error, "ImageTagAlreadyExistsException")) {
      const hint = `repository ${repository} does not let tag ${tag} move: set its image tag mutability to MUTABLE`;
      throw failure("ConfigurationError", `${hint} (${explain(error)})`, error);
    }
    throw error;
  }
}
