import { applicationContainer, BUILD_NODE } from "./buildspec";

/**
 * The buildspec of a pipeline whose source is an image: turns CodePipeline's imageDetail.json into imagedefinitions.json, and
 * exports the image's URI by digest, its digest and its version. The version is the tag that is a commit, which the build
 * has given to the image, or else the first tag.
 *
 * Needs, for CodeBuild's role, only logs and the pipeline's artifacts.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/file-reference.html#file-reference-ecs-bluegreen
 */
export const imageBuildspec = `version: 0.2

env:
  shell: bash
  exported-variables:
    - IMAGE_URI
    - IMAGE_DIGEST
    - IMAGE_TAG

phases:
  install:
    runtime-versions:
      nodejs: ${BUILD_NODE}
  build:
    commands:
      - IMAGE_URI="$(node -p 'require("./imageDetail.json").ImageURI')" && export IMAGE_URI
      - |
        if ! [[ "$IMAGE_URI" =~ ^[^@]+@sha256:[0-9a-f]{64}$ ]]; then
          echo "imageDetail.json names no image by digest in ImageURI, but: $IMAGE_URI" >&2
          false
        fi
      - export IMAGE_DIGEST="\${IMAGE_URI#*@}"
      - IMAGE_TAG="$(node -p '((tags) => tags.find((tag) => /^[0-9a-f]{40}$/.test(tag)) || tags[0] || "")(require("./imageDetail.json").ImageTags || [])')" && export IMAGE_TAG
      - |
        if [ -z "$IMAGE_TAG" ]; then
          echo "imageDetail.json names no tag of $IMAGE_URI in ImageTags" >&2
          false
        fi
      - printf '[{"name":"${applicationContainer}","imageUri":"%s"}]' "$IMAGE_URI" > imagedefinitions.json

artifacts:
  files:
    - imagedefinitions.json
`;
