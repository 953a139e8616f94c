import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import * as pulumi from "@pulumi/pulumi";

/** What differs between the groups of regions that share nothing, not even accounts: `aws` and China's `aws-cn`. */
export interface Partition {
  /** The second part of every ARN: `aws`. */
  id: string;
  /** The form of its regions' names. */
  regions: RegExp;
  /** What stacks use that name no type: V2 pipelines are not offered everywhere, V1 pipelines are. */
  pipelineType: PipelineType;
  /** How pushes come in where the stack does not say. */
  intake: IntakeKind;
  /** Whether functions that speak to forges do so from the VPC, because the way to forges is the VPC's. */
  functionsInVpc: boolean;
  /** What the names of its hosts end in. */
  dnsSuffix: string;
  /** Address of the console, without a slash at its end. */
  consoleUrl: string;
  /** The principal under which an AWS service assumes a role or invokes a function: `lambda.amazonaws.com`. */
  servicePrincipal(service: AwsService): string;
  /** The name under which a VPC endpoint finds a service: `com.amazonaws.<region>.s3`. */
  endpointService(service: EndpointService, region: string): string;
  /** The ARN of a policy that AWS keeps: `AmazonSSMManagedInstanceCore`. */
  managedPolicyArn(name: string): string;
  /** The letters of a region's availability zones; undefined where slipway leaves them to AWS. */
  zoneLetters(region: string): string | undefined;
}

export type PipelineType = "V1" | "V2";

/** Forges tell of pushes, or are asked. */
export type IntakeKind = "webhook" | "poll";

/** The services that act for the platform. */
export type AwsService =
  | "apigateway"
  | "codebuild"
  | "codepipeline"
  | "ec2"
  | "ecs-tasks"
  | "events"
  | "lambda"
  | "sns";

/** The services for which a VPC can have an endpoint. */
export const ENDPOINT_SERVICES = [
  "s3",
  "dynamodb",
  "ecr.api",
  "ecr.dkr",
  "logs",
  "secretsmanager",
  "ssm",
  "sqs",
  "codepipeline",
] as const;

export type EndpointService = (typeof ENDPOINT_SERVICES)[number];

/** Those of which the endpoint is a route that costs nothing. */
export const GATEWAY_SERVICES: readonly EndpointService[] = ["s3", "dynamodb"];

/** Where everything outside China and outside governments is. */
export const GLOBAL: Partition = {
  id: "aws",
  regions: /^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/,
  pipelineType: "V2",
  intake: "webhook",
  functionsInVpc: false,
  dnsSuffix: "amazonaws.com",
  consoleUrl: "https://console.aws.amazon.com",
  servicePrincipal: (service) => `${service}.amazonaws.com`,
  endpointService: (service, region) => `com.amazonaws.${region}.${service}`,
  managedPolicyArn: (name) => `arn:aws:iam::aws:policy/${name}`,
  zoneLetters: () => undefined,
};

const CHINA: Partition = {
  id: "aws-cn",
  regions: /^cn-[a-z]+-\d$/,
  pipelineType: "V1",
  // A public API needs an ICP filing there: https://www.amazonaws.cn/en/support/icp/
  intake: "poll",
  functionsInVpc: true,
  dnsSuffix: "amazonaws.com.cn",
  consoleUrl: "https://console.amazonaws.cn",
  // EC2 alone has a principal of its own in China.
  servicePrincipal: (service) => (service === "ec2" ? "ec2.amazonaws.com.cn" : `${service}.amazonaws.com`),
  endpointService: (service, region) =>
    `${CHINESE_ENDPOINTS.includes(service) ? "cn." : ""}com.amazonaws.${region}.${service}`,
  managedPolicyArn: (name) => `arn:aws-cn:iam::aws:policy/${name}`,
  // Beijing has no zone c.
  zoneLetters: (region) => ({ "cn-north-1": "abd", "cn-northwest-1": "abc" })[region],
};

// In China, some services' endpoints have names that begin with the country, as `aws ec2 describe-vpc-endpoint-services`
// tells: https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-ec2/lib/vpc-endpoint.ts
const CHINESE_ENDPOINTS: EndpointService[] = ["ecr.api", "ecr.dkr", "sqs"];

/** The partition of a region such as `us-east-1`; undefined where slipway knows none (GovCloud, a typing error). */
export function partitionOf(region: string): Partition | undefined {
  return [GLOBAL, CHINA].find((partition) => partition.regions.test(region));
}

/** Where a stack is deployed to. */
export interface Place {
  region: string;
  partition: Partition;
}

/** A stack's place and its account. */
export interface Account extends Place {
  id: pulumi.Output<string>;
  /** `arn:<partition>:<service>:<region>:<account>:<resource>` */
  arn(service: string, resource: pulumi.Input<string>): pulumi.Output<string>;
  /** The principal under which an AWS service assumes a role or invokes a function: `lambda.amazonaws.com`. */
  servicePrincipal(service: AwsService): string;
}

/** The account that the program's credentials belong to. */
export function currentAccount({ region, partition }: Place): Account {
  const id = getCallerIdentityOutput().accountId;
  return {
    id,
    region,
    partition,
    arn: (service, resource) => pulumi.interpolate`arn:${partition.id}:${service}:${region}:${id}:${resource}`,
    servicePrincipal: partition.servicePrincipal,
  };
}
