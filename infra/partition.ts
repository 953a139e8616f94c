import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import * as pulumi from "@pulumi/pulumi";

/** Differences between AWS partitions, which share nothing, not even accounts: `aws` and China's `aws-cn`. */
export interface Partition {
  /** The second part of every ARN: `aws`. */
  id: string;
  /** Its regions. */
  regions: readonly string[];
  /** Default pipeline type: V2 pipelines are not available everywhere, V1 pipelines are. */
  pipelineType: PipelineType;
  /** How pushes arrive by default. */
  intake: IntakeKind;
  /** Whether functions that call forges run in the VPC, because forges are reached through it. */
  functionsInVpc: boolean;
  /** Domain suffix of AWS hosts. */
  dnsSuffix: string;
  /** URL of the console, without a trailing slash. */
  consoleUrl: string;
  /** The principal with which an AWS service assumes a role or invokes a function: `lambda.amazonaws.com`. */
  servicePrincipal(service: AwsService): string;
  /** The service name for a VPC endpoint: `com.amazonaws.<region>.s3`. */
  endpointService(service: EndpointService, region: string): string;
  /** Letters of a region's availability zones; undefined if AWS chooses the zones. */
  zoneLetters(region: string): string | undefined;
}

export type PipelineType = "V1" | "V2";

/** Forges send webhooks, or are polled. */
export type IntakeKind = "webhook" | "poll";

/** AWS services that get a principal in policies. */
export type AwsService =
  | "apigateway"
  | "codebuild"
  | "codepipeline"
  | "ec2"
  | "ecs-tasks"
  | "events"
  | "lambda"
  | "sns";

/** Services for which a stack can have VPC endpoints. */
export const ENDPOINT_SERVICES = [
  "s3",
  "dynamodb",
  "ecr.api",
  "ecr.dkr",
  "logs",
  "secretsmanager",
  "ssm",
  "sqs",
  "sns",
  "codepipeline",
] as const;

export type EndpointService = (typeof ENDPOINT_SERVICES)[number];

/** Services with gateway endpoints, which are free and work by routes. */
export const GATEWAY_SERVICES: readonly EndpointService[] = ["s3", "dynamodb"];

/** The partition of all regions outside China and GovCloud. */
export const GLOBAL: Partition = {
  id: "aws",
  regions: [
    ...["af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
    ...["ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"],
    ...["ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1"],
    ...["eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3"],
    ...["il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1"],
    ...["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
  ],
  pipelineType: "V2",
  intake: "webhook",
  functionsInVpc: false,
  dnsSuffix: "amazonaws.com",
  consoleUrl: "https://console.aws.amazon.com",
  servicePrincipal: (service) => `${service}.amazonaws.com`,
  endpointService: (service, region) => `com.amazonaws.${region}.${service}`,
  zoneLetters: () => undefined,
};

const CHINA: Partition = {
  id: "aws-cn",
  regions: ["cn-north-1", "cn-northwest-1"],
  pipelineType: "V1",
  // In China, a public API and a public load balancer require an ICP filing: https://www.amazonaws.cn/en/support/icp/
  intake: "poll",
  functionsInVpc: true,
  dnsSuffix: "amazonaws.com.cn",
  consoleUrl: "https://console.amazonaws.cn",
  // In China, only EC2 has a different principal.
  servicePrincipal: (service) => (service === "ec2" ? "ec2.amazonaws.com.cn" : `${service}.amazonaws.com`),
  endpointService: (service, region) =>
    `${CHINESE_ENDPOINTS.includes(service) ? "cn." : ""}com.amazonaws.${region}.${service}`,
  // Beijing has no zone c.
  zoneLetters: (region) => ({ "cn-north-1": "abd", "cn-northwest-1": "abc" })[region],
};

// In China, some endpoint names start with the country, as listed by `aws ec2 describe-vpc-endpoint-services`:
// https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-ec2/lib/vpc-endpoint.ts
const CHINESE_ENDPOINTS: EndpointService[] = ["ecr.api", "ecr.dkr", "sqs"];

/** The partition of a region such as `us-east-1`; undefined if slipway does not know the region (GovCloud, a typo). */
export function partitionOf(region: string): Partition | undefined {
  return [GLOBAL, CHINA].find((partition) => partition.regions.includes(region));
}

/**
 * Services that slipway needs but a region lacks.
 * https://docs.aws.amazon.com/general/latest/gr/codepipeline.html
 * https://docs.aws.amazon.com/general/latest/gr/codebuild.html
 */
export const missingServices = (region: string): string[] => MISSING_SERVICES[region] ?? [];

const MISSING_SERVICES: Record<string, string[]> = {
  "ap-east-2": ["CodePipeline", "CodeBuild"],
  "ap-southeast-6": ["CodePipeline"],
  "ap-southeast-7": ["CodePipeline"],
  "ca-west-1": ["CodePipeline", "CodeBuild"],
  "mx-central-1": ["CodePipeline", "CodeBuild"],
};

/** The region of a stack. */
export interface Region {
  /** Its code: `us-east-1`. */
  name: string;
  partition: Partition;
}

/** Region, partition and AWS account of a stack. */
export interface Account {
  region: string;
  partition: Partition;
  id: pulumi.Output<string>;
  /** `arn:<partition>:<service>:<region>:<account>:<resource>` */
  arn(service: string, resource: pulumi.Input<string>): pulumi.Output<string>;
  /** The principal with which an AWS service assumes a role or invokes a function: `lambda.amazonaws.com`. */
  servicePrincipal(service: AwsService): string;
}

/** The account that the program's credentials belong to. */
export function currentAccount({ name: region, partition }: Region): Account {
  const id = getCallerIdentityOutput().accountId;
  return {
    id,
    region,
    partition,
    arn: (service, resource) => pulumi.interpolate`arn:${partition.id}:${service}:${region}:${id}:${resource}`,
    servicePrincipal: partition.servicePrincipal,
  };
}
