import * as ecr from "@pulumi/aws/ecr";
import * as pulumi from "@pulumi/pulumi";

export interface RegistryArgs {
  /** Tag of the image that runs in this environment. */
  environment: string;
}

/** Images that are kept besides the environment's. */
const IMAGES = 50;
/** Days after which an image that lost its last tag is deleted. */
const UNTAGGED_DAYS = 14;

/** The ECR repository of one application. */
export class Registry extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly repositoryName: pulumi.Output<string>;
  /** `<account>.dkr.ecr.<region>.<suffix>/<name>`, as images are called by. */
  readonly repositoryUrl: pulumi.Output<string>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Registry", name, {}, opts);
    const repository = new ecr.Repository(
      `${name}-repository`,
      {
        imageScanningConfiguration: { scanOnPush: true },
        // The environment's tag moves from image to image with every delivery.
        imageTagMutability: "MUTABLE",
      },
      { parent: this },
    );
    new ecr.LifecyclePolicy(
      `${name}-lifecycle`,
      { repository: repository.name, policy: lifecyclePolicy(args) },
      { parent: this },
    );
    this.arn = repository.arn;
    this.repositoryName = repository.name;
    this.repositoryUrl = repository.repositoryUrl;
    this.registerOutputs({
      arn: this.arn,
      repositoryName: this.repositoryName,
      repositoryUrl: this.repositoryUrl,
    });
  }
}

function lifecyclePolicy({ environment }: RegistryArgs): string {
  const rules = [
    {
      // What a rule's tags match, no rule of a lower priority expires: this one keeps the running image for ever.
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
      description: `Keep the image that ${environment} runs`,
      selection: {
        tagStatus: "tagged",
        tagPatternList: [environment],
        countType: "imageCountMoreThan",
        countNumber: 1,
      },
    },
    {
      description: `Delete untagged images after ${UNTAGGED_DAYS} days`,
      selection: {
        tagStatus: "untagged",
        countType: "sinceImagePushed",
        countUnit: "days",
        countNumber: UNTAGGED_DAYS,
      },
    },
    {
      description: `Keep ${IMAGES} images`,
      selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: IMAGES },
    },
  ];
  return JSON.stringify({
    rules: rules.map((rule, index) => ({ rulePriority: index + 1, ...rule, action: { type: "expire" } })),
  });
}
