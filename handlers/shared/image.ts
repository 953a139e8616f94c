import { BatchGetImageCommand, type ECRClient, type Image, type ImageIdentifier } from "@aws-sdk/client-ecr";
import { failure } from "./failure";

/** An image in ECR, by digest. */
export interface ImageReference {
  /** The registry's account; the caller's own if absent. */
  registryId?: string | undefined;
  repositoryName: string;
  /** `sha256:…` */
  digest: string;
}

/** `<account>.dkr.ecr.<region>.<suffix>/<repository>@sha256:…`; AWS emulators add a port after the suffix. */
export const IMAGE_URI =
  /^(\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z0-9.-]+(?::\d+)?\/([a-z0-9._/-]+)@(sha256:[0-9a-f]{64})$/;

/** A tag of an image: what people call a version. */
export const IMAGE_TAG = /^\w[\w.-]{0,127}$/;

/** @param uri matches {@link IMAGE_URI} */
export function referenceOf(uri: string): ImageReference {
  const [, registryId, repositoryName = "", digest = ""] = IMAGE_URI.exec(uri) ?? [];
  return { registryId, repositoryName, digest };
}

/** All types, so that ECR returns images as they were pushed: multi-architecture images have a list or an index. */
export const MEDIA_TYPES = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
];

/** ECR's answer about an image. If the image is missing, ECR answers 200 with a reason. */
export interface FoundImage {
  image: Image | undefined;
  /** Absent if ECR gives no reason. */
  failureCode: string | undefined;
  why: string;
}

/** Looks up one image, by tag or by digest. Needs ecr:BatchGetImage on the repository. */
export async function findImage(
  ecr: ECRClient,
  repository: Omit<ImageReference, "digest">,
  id: ImageIdentifier,
): Promise<FoundImage> {
  const { images, failures } = await ecr.send(
    new BatchGetImageCommand({ ...repository, imageIds: [id], acceptedMediaTypes: MEDIA_TYPES }),
  );
  const [reason] = failures ?? [];
  const why = reason === undefined ? "no reason given" : `${reason.failureCode}: ${reason.failureReason}`;
  return { image: images?.[0], failureCode: reason?.failureCode, why };
}

/**
 * Reads an image's manifest. Needs ecr:BatchGetImage on the repository.
 * @throws Failure if ECR does not have the image
 */
export async function readImage(ecr: ECRClient, { digest, ...repository }: ImageReference): Promise<Image> {
  const { image, why } = await findImage(ecr, repository, { imageDigest: digest });
  if (image === undefined) {
    throw failure("RevisionUnavailable", `ECR returned no image ${repository.repositoryName}@${digest}: ${why}`);
  }
  return image;
}
