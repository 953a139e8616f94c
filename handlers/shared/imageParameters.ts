import { type Job, parameter } from "./codePipelineJob";
import { IMAGE_TAG, IMAGE_URI } from "./image";

/** The image that a job is about. */
export interface RequestedImage {
  /** By digest. */
  image: string;
  /** What people call the image: its tag. */
  version: string;
}

/**
 * The image that the action's UserParameters name: `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>"}`.
 * @throws Failure that names the parameter, its value and what is expected
 */
export function imageParameters(job: Job): RequestedImage {
  return {
    image: parameter(job, "image", IMAGE_URI, "an ECR image by digest: registry/repository@sha256:…"),
    version: parameter(job, "version", IMAGE_TAG, "an image tag: at most 128 letters, digits, . _ -"),
  };
}
