import * as ecr from "@pulumi/aws/ecr";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../partition";

/** An image repository for builds, tasks and functions. */
export interface ImageRepository {
  arn: pulumi.Output<string>;
  repositoryName: pulumi.Output<string>;
  /** `<account>.dkr.ecr.<region>.<suffix>/<name>`, the first part of image names. */
  repositoryUrl: pulumi.Output<string>;
}

/** The registry host of an account and region. */
export const registryHost = ({ id, region, partition }: Account): pulumi.Output<string> =>
  pulumi.interpolate`${id}.dkr.ecr.${region}.${partition.dnsSuffix}`;

/** A repository that another stack of the same account and region has created. */
export const existingRepository = (account: Account, name: string): ImageRepository => ({
  arn: account.arn("ecr", `repository/${name}`),
  repositoryName: pulumi.output(name),
  repositoryUrl: pulumi.interpolate`${registryHost(account)}/${name}`,
});

export interface RegistryArgs {
  /** Tag of the image that runs in this environment. */
  environment: string;
  /** Tags of the images that run in the environments that this one promotes to. */
  promotesTo: string[];
  /** Whether images may run without a tag that marks them as running. If so, tagged images never expire. */
  runsElsewhere: boolean;
}

/** How many images are kept besides the environments' own. */
const IMAGES = 50;
/** Days after which an image that lost its last tag is deleted. */
const UNTAGGED_DAYS = 14;

/** The ECR repository of one application, with the application's name: other stacks find it by this name. */
export class Registry extends pulumi.ComponentResource implements ImageRepository {
  readonly arn: pulumi.Output<string>;
  readonly repositoryName: pulumi.Output<string>;
  readonly repositoryUrl: pulumi.Output<string>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Registry", name, {}, opts);
    const repository = new ecr.Repository(
      `${name}-repository`,
      {
        name,
        imageScanningConfiguration: { scanOnPush: true },
        // A commit's tag is immutable. Environments' tags move with every delivery.
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [args.environment, ...args.promotesTo].map((filter) => ({
          filter,
          filterType: "WILDCARD",
        })),
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

interface ExpiryRule {
  description: string;
  selection: object;
}

function lifecyclePolicy({ environment, promotesTo, runsElsewhere }: RegistryArgs): string {
  const untagged = {
    description: `Delete untagged images after ${UNTAGGED_DAYS} days`,
    selection: {
      tagStatus: "untagged",
      countType: "sinceImagePushed",
      countUnit: "days",
      countNumber: UNTAGGED_DAYS,
    },
  };
  const counted = [
    // Rules of lower priority do not expire images that a rule matches by tag: these rules keep running images forever.
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    ...[environment, ...promotesTo].map((tag) => ({
      description: `Keep the image that ${tag} runs`,
      selection: { tagStatus: "tagged", tagPatternList: [tag], countType: "imageCountMoreThan", countNumber: 1 },
    })),
    untagged,
    keepingNewest(IMAGES),
  ];
  return expiring(runsElsewhere ? [untagged] : counted);
}

/** A rule that keeps only the newest images of a repository. */
export const keepingNewest = (images: number): ExpiryRule => ({
  description: `Keep ${images} images`,
  selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: images },
});

/** A lifecycle policy with the given rules, in order of priority. */
export const expiring = (rules: ExpiryRule[]): string =>
  JSON.stringify({
    rules: rules.map((rule, index) => ({ rulePriority: index + 1, ...rule, action: { type: "expire" } })),
  });
