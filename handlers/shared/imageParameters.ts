import { type Job, parameter } from "./codePipelineJob";
import { IMAGE_TAG, IMAGE_URI } from "./image";

/** The image of a job. */
export interface RequestedImage {
  /** By digest. */
  image: string;
  /** The image's tag, which people call its version. */
  version: string;
}

/**
 * The image in the action's UserParameters: `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>"}`.
 * @throws Failure that names the parameter, its value and the expected value
 */
export function imageParameters(job: Job): RequestedImage {
  return {
    image: parameter(job, "image", IMAGE_URI, "an ECR image by digest: registry/repository@sha256:…"),
    version: parameter(job, "version", IMAGE_TAG, "an image tag: at most 128 letters, digits, . _ -"),
  };
}
