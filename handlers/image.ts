import { BatchGetImageCommand, type ECRClient, type Image } from "@aws-sdk/client-ecr";
import { failure } from "./failure";

/** An image in ECR, by digest. */
export interface ImageReference {
  /** Account of the registry; the caller's own if absent. */
  registryId?: string | undefined;
  repositoryName: string;
  /** `sha256:…` */
  digest: string;
}

/** `<account>.dkr.ecr.<region>.<suffix>/<repository>@sha256:…`; stand-ins of AWS put a port after the suffix. */
export const IMAGE_URI =
  /^(\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z0-9.-]+(?::\d+)?\/([a-z0-9._/-]+)@(sha256:[0-9a-f]{64})$/;

/** A tag of an image: what people call a version. */
export const IMAGE_TAG = /^\w[\w.-]{0,127}$/;

/** @param uri matches {@link IMAGE_URI} */
export function referenceOf(uri: string): ImageReference {
  const [, registryId, repositoryName = "", digest = ""] = IMAGE_URI.exec(uri) ?? [];
  return { registryId, repositoryName, digest };
}

/** All that an image may have, so that ECR gives each as it was pushed: multi-architecture images have a list or an index. */
export const MEDIA_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
];

/**
 * Reads an image's manifest. Needs ecr:BatchGetImage on the repository.
 * @throws Failure if ECR does not have the image
 */
export async function readImage(ecr: ECRClient, reference: ImageReference): Promise<Image> {
  const { registryId, repositoryName, digest } = reference;
  const { images, failures } = await ecr.send(
    new BatchGetImageCommand({
      registryId,
      repositoryName,
      imageIds: [{ imageDigest: digest }],
      acceptedMediaTypes: MEDIA_TYPES,
    }),
  );
  const [image] = images ?? [];
  if (image === undefined) {
    // ECR answers 200 for an image that it does not have.
    const [reason] = failures ?? [];
    const why = reason === undefined ? "no image, and no reason" : `${reason.failureCode}: ${reason.failureReason}`;
    throw failure("RevisionUnavailable", `ECR gives no image ${repositoryName}@${digest}: ${why}`);
  }
  return image;
}
