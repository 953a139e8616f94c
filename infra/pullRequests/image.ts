import * as ecr from "@pulumi/aws/ecr";
import { Image } from "@pulumi/awsx/ecr";
import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings";
import { expiring, type ImageRepository, keepingNewest } from "../workload/registry";

/** Relative to the program, for awsx names the image after it: an absolute one would be another on every computer. */
const CONTEXT = "images/gitops-pr";

/** Images that are kept: every change of one replaces the one before. */
const IMAGES = 10;

/** An image that the program builds, and where it is. */
export interface BuiltImage {
  registry: ImageRepository;
  /** `<account>.dkr.ecr.<region>.<suffix>/<repository>@sha256:…` */
  uri: pulumi.Output<string>;
}

/** Builds the image of images/gitops-pr with the Docker of whoever runs the program, and pushes it. */
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
      // Fargate's, whatever the computer is that builds.
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
      // awsx gives each image the tag of the one before.
      imageTagMutability: "MUTABLE",
      // ECR deletes no repository that holds images, and `pulumi destroy` would stop there. These are built again at any time.
      forceDelete: true,
    },
    opts,
  );
  new ecr.LifecyclePolicy(name, { repository: repository.name, policy: expiring([keepingNewest(IMAGES)]) }, opts);
  return repository;
}
