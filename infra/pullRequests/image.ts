import * as ecr from "@pulumi/aws/ecr";
import { Image } from "@pulumi/awsx/ecr";
import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings";
import { expiring, type ImageRepository, keepingNewest } from "../workload/registry";

/** Relative to the program: awsx derives the image's name from it, and absolute paths differ between computers. */
const CONTEXT = "images/gitops-pr";

/** How many images are kept: each change builds a new one. */
const IMAGES = 10;

/** An image that the program builds and pushes. */
export interface BuiltImage {
  registry: ImageRepository;
  /** `<account>.dkr.ecr.<region>.<suffix>/<repository>@sha256:…` */
  uri: pulumi.Output<string>;
}

/** Builds the image of images/gitops-pr with the local Docker, and pushes it. */
export function buildImage(
  name: string,
  { baseImageRegistry, npmRegistry }: Pick<Settings, "baseImageRegistry" | "npmRegistry">,
  opts: { parent: pulumi.Resource },
): BuiltImage {
  const repository = createRepository(name, opts);
  const { imageUri } = new Image(
    name,
    {
      repositoryUrl: repository.repositoryUrl,
      context: CONTEXT,
      // For Fargate, whatever the local architecture is.
      platform: "linux/amd64",
      args: {
        ...(baseImageRegistry === undefined ? {} : { BASE_IMAGE_REGISTRY: baseImageRegistry }),
        ...(npmRegistry === undefined ? {} : { NPM_CONFIG_REGISTRY: npmRegistry }),
      },
    },
    opts,
  );
  const { arn, name: repositoryName, repositoryUrl } = repository;
  return { registry: { arn, repositoryName, repositoryUrl }, uri: imageUri };
}

function createRepository(name: string, opts: pulumi.CustomResourceOptions): ecr.Repository {
  const repository = new ecr.Repository(
    name,
    {
      imageScanningConfiguration: { scanOnPush: true },
      // awsx reuses the same tag for each image.
      imageTagMutability: "MUTABLE",
      // ECR only deletes empty repositories, and `pulumi destroy` would fail. These images can be rebuilt at any time.
      forceDelete: true,
    },
    opts,
  );
  new ecr.LifecyclePolicy(name, { repository: repository.name, policy: expiring([keepingNewest(IMAGES)]) }, opts);
  return repository;
}
