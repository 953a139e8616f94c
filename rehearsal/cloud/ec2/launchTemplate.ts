import type { LaunchTemplateArgs } from "@pulumi/aws/ec2/launchTemplate";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Declaration } from "../service";
import { architectureOf, architectureOfType } from "./images";

export interface LaunchTemplate {
  id: string;
  name: string;
  imageId: string;
  instanceType: string;
  /** Name or ARN of the instance profile. */
  profile?: string;
  /** The decoded text. */
  userData: string;
  securityGroups: string[];
  /** Undefined if the subnet decides. */
  publicAddress?: boolean;
  /** Whether the metadata service requires a session token (IMDSv2). */
  httpTokens: string;
  httpPutResponseHopLimit: number;
  instanceTags: Record<string, string>;
}

// Disks, credits, monitoring and shutdown behaviour have no effect here.
const INPUTS: (keyof LaunchTemplateArgs)[] = [
  "name",
  "imageId",
  "instanceType",
  "iamInstanceProfile",
  "userData",
  "networkInterfaces",
  "vpcSecurityGroupIds",
  "metadataOptions",
  "tagSpecifications",
  "blockDeviceMappings",
  "creditSpecification",
  "description",
  "ebsOptimized",
  "instanceInitiatedShutdownBehavior",
  "monitoring",
  "tags",
  "updateDefaultVersion",
  "region",
];

// "Run commands when you launch an EC2 instance": before encoding.
const MAXIMUM_USER_DATA = 16_384;

/** @throws AwsError if EC2 would reject the template or its instances */
export function readLaunchTemplate(cloud: Cloud, declaration: Declaration): LaunchTemplate {
  const args = inputsOf<Unwrap<LaunchTemplateArgs>>(declaration, INPUTS);
  const { imageId = "", instanceType = "", networkInterfaces = [], vpcSecurityGroupIds = [] } = args;
  checkImage(cloud, declaration.name, imageId, instanceType);
  const [networkInterface, other] = networkInterfaces;
  if (other !== undefined)
    throw new Error(
      `${declaration.name}: instances of several networkInterfaces are not simulated: attach the others.`,
    );
  if (networkInterface !== undefined && vpcSecurityGroupIds.length > 0)
    throw awsError(
      "InvalidParameterCombination",
      "Network interfaces and an instance-level security groups may not be specified on the same request",
    );
  const associates = networkInterface?.associatePublicIpAddress;
  return {
    id: `lt-${cloud.id(17)}`,
    name: cloud.physicalName(declaration, args.name),
    imageId,
    instanceType,
    profile: args.iamInstanceProfile?.name ?? args.iamInstanceProfile?.arn,
    userData: decode(args.userData ?? ""),
    securityGroups: networkInterface?.securityGroups ?? vpcSecurityGroupIds,
    publicAddress: associates === undefined ? undefined : String(associates) === "true",
    httpTokens: args.metadataOptions?.httpTokens ?? "optional",
    httpPutResponseHopLimit: args.metadataOptions?.httpPutResponseHopLimit ?? 1,
    instanceTags: args.tagSpecifications?.find((it) => it.resourceType === "instance")?.tags ?? {},
  };
}

function checkImage(cloud: Cloud, name: string, imageId: string, instanceType: string): void {
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(imageId))
    throw awsError("InvalidAMIID.Malformed", `Invalid id: "${imageId}" (expecting "ami-...")`);
  const image = architectureOf(cloud, imageId);
  const type = architectureOfType(instanceType);
  if (image !== undefined && image !== type)
    throw awsError(
      "InvalidParameterValue",
      `${name}: the architecture '${type}' of the specified instance type ${instanceType} does not match the architecture '${image}' of the specified AMI ${imageId}.`,
    );
}

function decode(userData: string): string {
  const text = Buffer.from(userData, "base64");
  if (text.toString("base64") !== userData)
    throw awsError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.");
  if (text.length > MAXIMUM_USER_DATA)
    throw awsError(
      "InvalidParameterValue",
      `User data is limited to ${MAXIMUM_USER_DATA} bytes: it has ${text.length}.`,
    );
  return text.toString("utf8");
}
