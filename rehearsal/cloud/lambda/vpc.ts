import type { CreateNetworkInterfaceRequest, CreateNetworkInterfaceResult } from "@aws-sdk/client-ec2";
import type { FunctionArgs } from "@pulumi/aws/lambda/function";
import type { Unwrap } from "@pulumi/pulumi";
import { type NetworkInterface, networkOf } from "../network";
import { awsError, type Cloud, type Principal } from "../service";

// Calls that Lambda makes when the function changes or is deleted; checked now.
const LATER = ["AssignPrivateIpAddresses", "UnassignPrivateIpAddresses", "DeleteNetworkInterface"];

/**
 * Creates a function's network interfaces, one per subnet, with the function's role.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 * @throws InvalidParameterValueException with Lambda's message, if EC2 rejects it
 */
export async function joinNetwork(
  cloud: Cloud,
  role: string,
  { subnetIds = [], securityGroupIds = [] }: Partial<NonNullable<Unwrap<FunctionArgs>["vpcConfig"]>> = {},
): Promise<NetworkInterface[]> {
  if (subnetIds.length === 0 && securityGroupIds.length === 0) return [];
  if (subnetIds.length === 0 || securityGroupIds.length === 0)
    throw invalid("SubnetIds and SecurityIds must coexist or be both empty list.");
  const caller: Principal = { kind: "role", arn: role };
  await ask(cloud, caller, "DescribeSubnets", { SubnetIds: subnetIds });
  const interfaces: NetworkInterface[] = [];
  for (const SubnetId of subnetIds) {
    const request: CreateNetworkInterfaceRequest = { SubnetId, Groups: securityGroupIds };
    const { NetworkInterface: made } = await ask<CreateNetworkInterfaceResult>(
      cloud,
      caller,
      "CreateNetworkInterface",
      request,
    );
    await ask(cloud, caller, "DescribeNetworkInterfaces", { NetworkInterfaceIds: [made?.NetworkInterfaceId] });
    for (const operation of LATER)
      await ask(cloud, caller, operation, { NetworkInterfaceId: made?.NetworkInterfaceId, DryRun: true });
    const created = networkOf(cloud).interfaceAt(made?.PrivateIpAddress ?? "");
    if (created !== undefined) interfaces.push(created);
  }
  return interfaces;
}

async function ask<O>(cloud: Cloud, caller: Principal, operation: string, input: object): Promise<O> {
  try {
    return await cloud.call<object, O>(caller, "ec2", operation, input);
  } catch (error) {
    const { name, message } = error as Error;
    if (name === "DryRunOperation") return {} as O;
    throw invalid(
      name === "AccessDeniedException"
        ? `The provided execution role does not have permissions to call ${operation} on EC2 (${message})`
        : `Error occurred while ${operation}. EC2 Error Code: ${name}. EC2 Error Message: ${message}`,
    );
  }
}

const invalid = (message: string) => awsError("InvalidParameterValueException", message);
