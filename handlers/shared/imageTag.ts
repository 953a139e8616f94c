import { type ECRClient, PutImageCommand } from "@aws-sdk/client-ecr";
import { explain, failure, isException } from "./failure";
import { findImage, readImage } from "./image";

/** A tag in an ECR repository. */
export interface ImageTag {
  /** The ECR repository's name. */
  repository: string;
  tag: string;
}

/**
 * The digest of the image that a tag names now. Needs ecr:BatchGetImage on the repository.
 * @returns `sha256:…`; `undefined` if the repository has no such tag
 * @throws Failure with the reason if ECR returns no image for another reason
 */
export async function digestOf(ecr: ECRClient, { repository, tag }: ImageTag): Promise<string | undefined> {
  const { image, failureCode, why } = await findImage(ecr, { repositoryName: repository }, { imageTag: tag });
  const digest = image?.imageId?.imageDigest;
  if (digest === undefined && failureCode !== "ImageNotFound") {
    throw failure("JobFailed", `ECR returned no image ${repository}:${tag}: ${why}`);
  }
  return digest;
}

/**
 * Moves the tag to the image with this digest. Needs ecr:BatchGetImage and ecr:PutImage on the repository.
 * @param digest `sha256:…`
 * @throws Failure if there is no such image, or the repository's tags are immutable
 */
export async function putTag(ecr: ECRClient, { repository, tag }: ImageTag, digest: string): Promise<void> {
  const image = await readImage(ecr, { repositoryName: repository, digest });
  try {
    await ecr.send(
      new PutImageCommand({
        repositoryName: repository,
        // Byte for byte: one extra newline would change the digest. Without its media type, ECR treats an OCI manifest
        // as a Docker one, and answers "Invalid JSON syntax".
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
      const hint = `tag ${tag} of repository ${repository} is immutable: add it to slipway:promotesTo of the stack that builds the images`;
      throw failure("ConfigurationError", `${hint} (${explain(error)})`, error);
    }
    throw error;
  }
}
