import { MEDIA_TYPES } from "../shared/image";

/** The name of the container that runs the application's image, in the task definition of each of its services. */
export const applicationContainer = "app";

/** The major version of Node.js in builds: CodeBuild's image has several, and its default changes. */
export const BUILD_NODE = 24;

/** Logs docker in if BASE_IMAGE_REGISTRY is in ECR, with the region in its host name. */
const LOGIN_TO_BASE_IMAGES = `
      - |
        set -o pipefail
        host="\${BASE_IMAGE_REGISTRY%%/*}"
        if [ "$host" != "\${IMAGE_REPOSITORY%%/*}" ] && [[ "$host" =~ ^[0-9]{12}\\.dkr\\.ecr(-fips)?\\.([a-z0-9-]+)\\. ]]; then
          aws ecr get-login-password --region "\${BASH_REMATCH[2]}" | docker login --username AWS --password-stdin "$host"
        fi`;

/**
 * The buildspec of the tests. They may run any code of the repository's dependencies, so they have their own project,
 * whose role cannot push images.
 *
 * Reads from the environment: TEST_COMMAND, BASE_IMAGE_REGISTRY (`<host>[/<prefix>]`; may be empty),
 * NPM_CONFIG_REGISTRY (may be missing).
 */
export const testBuildspec = `version: 0.2

env:
  shell: bash

phases:
  install:
    runtime-versions:
      nodejs: ${BUILD_NODE}
  pre_build:
    commands:${LOGIN_TO_BASE_IMAGES}
  build:
    commands:
      - bash -c "$TEST_COMMAND"
`;

/**
 * The buildspec for a repository without its own: builds and pushes the commit's image, unless it exists already, and
 * exports its URI, digest and tag.
 *
 * Reads from the environment: IMAGE_REPOSITORY, DOCKERFILE, CONTEXT, BUILD_ARGUMENTS (names, separated by spaces; each
 * is a variable of its own), BASE_IMAGE_REGISTRY (`<host>[/<prefix>]`; may be empty), NPM_CONFIG_REGISTRY (may be
 * missing), SCHEDULES (path of schedules.yaml; may be empty), SOURCE_BUCKET, SOURCE_KEY, SOURCE_VERSION_ID.
 *
 * The registries are also build arguments, unless empty: an empty one would override the Dockerfile's default.
 *
 * The schedules are stored in the image, as label slipway.schedules in base64, so that they always match the image.
 *
 * Needs, for CodeBuild's role, besides logs and the pipeline's artifacts:
 * - s3:GetObjectVersion on the archive
 * - ecr:GetAuthorizationToken on *
 * - ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload,
 *   ecr:PutImage and ecr:BatchGetImage on the repository
 * - ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability on the base images' repositories,
 *   if BASE_IMAGE_REGISTRY is in ECR: docker is logged in there, with the region in the host name
 *
 * The image build and everything after it are in one phase: CodeBuild runs post_build even after a failed build.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
 * Variables are assigned before they are exported: `export` succeeds even if the command in its value fails.
 */
export const defaultBuildspec = `version: 0.2

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
  pre_build:
    commands:
      - IMAGE_TAG="$(aws s3api head-object --bucket "$SOURCE_BUCKET" --key "$SOURCE_KEY" --version-id "$SOURCE_VERSION_ID" --query Metadata.commit --output text)" && export IMAGE_TAG
      - |
        if ! [[ "$IMAGE_TAG" =~ ^[0-9a-f]{40}$ ]]; then
          echo "the commit in the metadata of s3://$SOURCE_BUCKET/$SOURCE_KEY is not a commit hash: $IMAGE_TAG" >&2
          false
        fi
      - |
        if [ -n "$SCHEDULES" ] && ! [ -f "$SCHEDULES" ]; then
          echo "SCHEDULES is $SCHEDULES, but the repository has no such file" >&2
          false
        fi
      - |
        set -o pipefail
        aws ecr get-login-password | docker login --username AWS --password-stdin "\${IMAGE_REPOSITORY%%/*}"${LOGIN_TO_BASE_IMAGES}
      - BUILT="$(aws ecr batch-get-image --repository-name "\${IMAGE_REPOSITORY#*/}" --image-ids "imageTag=$IMAGE_TAG" --accepted-media-types '${JSON.stringify(MEDIA_TYPES)}' --query 'images[0].imageId.imageDigest' --output text)" && export BUILT
  build:
    commands:
      - |
        arguments=()
        for name in $BUILD_ARGUMENTS; do arguments+=(--build-arg "$name"); done
        for name in BASE_IMAGE_REGISTRY NPM_CONFIG_REGISTRY; do
          if [ -n "\${!name}" ]; then arguments+=(--build-arg "$name"); fi
        done
        if [ -n "$SCHEDULES" ]; then arguments+=(--label "slipway.schedules=$(base64 < "$SCHEDULES" | tr -d '\\n')"); fi
        if [ "$BUILT" = None ]; then
          docker build --file "$DOCKERFILE" --tag "$IMAGE_REPOSITORY:$IMAGE_TAG" "\${arguments[@]}" "$CONTEXT"
        else
          echo "$IMAGE_TAG was already built as $BUILT, and its tag is immutable: delivering that image"
        fi
      - if [ "$BUILT" = None ]; then docker push "$IMAGE_REPOSITORY:$IMAGE_TAG"; fi
      - |
        if [ "$BUILT" = None ]; then
          IMAGE_URI="$(docker inspect --format '{{index .RepoDigests 0}}' "$IMAGE_REPOSITORY:$IMAGE_TAG")"
        else
          IMAGE_URI="$IMAGE_REPOSITORY@$BUILT"
        fi && export IMAGE_URI
      - export IMAGE_DIGEST="\${IMAGE_URI#*@}"
      - printf '[{"name":"${applicationContainer}","imageUri":"%s"}]' "$IMAGE_URI" > imagedefinitions.json

artifacts:
  files:
    - imagedefinitions.json
`;
