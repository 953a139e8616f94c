import { applicationContainer, BUILD_NODE } from "./buildspec";

/**
 * The buildspec of a pipeline whose source is an image: converts CodePipeline's imageDetail.json to
 * imagedefinitions.json, and exports the image's URI by digest, its digest and its version. It accepts only the latest
 * image that the previous environment has recorded as delivered (handlers/shared/deliveredImage.ts), because a tag does
 * not show who moved it. The version also comes from the record.
 *
 * Reads from the environment: DELIVERED_IMAGES (the DynamoDB table of the records), SOURCE_TAG (the tag of the previous
 * environment).
 *
 * Needs, for CodeBuild's role, besides logs and the pipeline's artifacts, dynamodb:GetItem on the table.
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
        if ! [[ "$IMAGE_URI" =~ ^[^@/]+/[^@]+@sha256:[0-9a-f]{64}$ ]]; then
          echo "ImageURI in imageDetail.json does not name an image by digest: $IMAGE_URI" >&2
          false
        fi
      - export IMAGE_DIGEST="\${IMAGE_URI#*@}"
      - REPOSITORY="\${IMAGE_URI#*/}" && REPOSITORY="\${REPOSITORY%@*}"
      - LATEST="$(aws dynamodb get-item --table-name "$DELIVERED_IMAGES" --key '{"image":{"S":"'"$REPOSITORY"'"}}' --consistent-read --query Item.digest.S --output text)"
      - |
        if [ "$LATEST" = None ]; then
          echo "$REPOSITORY@$IMAGE_DIGEST is not promoted: $SOURCE_TAG has recorded no delivery of $REPOSITORY. Deliver once in $SOURCE_TAG." >&2
          false
        elif [ "$LATEST" != "$IMAGE_DIGEST" ]; then
          echo "$REPOSITORY@$IMAGE_DIGEST is not promoted: the latest image delivered by $SOURCE_TAG is $LATEST. A newer delivery has replaced this image, or the tag was moved by hand or by a build." >&2
          false
        fi
      - IMAGE_TAG="$(aws dynamodb get-item --table-name "$DELIVERED_IMAGES" --key '{"image":{"S":"'"$REPOSITORY@$IMAGE_DIGEST"'"}}' --consistent-read --query Item.version.S --output text)" && export IMAGE_TAG
      - printf '[{"name":"${applicationContainer}","imageUri":"%s"}]' "$IMAGE_URI" > imagedefinitions.json

artifacts:
  files:
    - imagedefinitions.json
`;
