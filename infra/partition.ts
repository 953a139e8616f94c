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
  /** What the names of its hosts end in. */
  dnsSuffix: string;
  /** Address of the console, without a slash at its end. */
  consoleUrl: string;
}

export type PipelineType = "V1" | "V2";

/** Where everything outside China and outside governments is. */
export const GLOBAL: Partition = {
  id: "aws",
  regions: /^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d$/,
  pipelineType: "V2",
  dnsSuffix: "amazonaws.com",
  consoleUrl: "https://console.aws.amazon.com",
};

const CHINA: Partition = {
  id: "aws-cn",
  regions: /^cn-[a-z]+-\d$/,
  pipelineType: "V1",
  dnsSuffix: "amazonaws.com.cn",
  consoleUrl: "https://console.amazonaws.cn",
};

/** The partition of a region such as `us-east-1`; undefined where slipway knows none (GovCloud, a typing error). */
export function partitionOf(region: string): Partition | undefined {
  return [GLOBAL, CHINA].find((partition) => partition.regions.test(region));
}

/** Where a stack is deployed to. */
export interface Place {
  region: string;
  partition: Partition;
}

/** A stack's place, its account, and the names that depend on them. */
export interface Account extends Place {
  id: pulumi.Output<string>;
  /** `arn:<partition>:<service>:<region>:<account>:<resource>` */
  arn(service: string, resource: pulumi.Input<string>): pulumi.Output<string>;
  /** The principal under which an AWS service assumes a role or invokes a function: `lambda.amazonaws.com`. */
  servicePrincipal(service: AwsService): string;
}

/** The services that act for the platform. All of them keep `amazonaws.com` in China, as ec2 does not. */
export type AwsService = "apigateway" | "codebuild" | "codepipeline" | "ecs-tasks" | "events" | "lambda" | "sns";

/** The account that the program's credentials belong to. */
export function currentAccount({ region, partition }: Place): Account {
  const id = getCallerIdentityOutput().accountId;
  return {
    id,
    region,
    partition,
    arn: (service, resource) => pulumi.interpolate`arn:${partition.id}:${service}:${region}:${id}:${resource}`,
    servicePrincipal: (service) => `${service}.amazonaws.com`,
  };
}
