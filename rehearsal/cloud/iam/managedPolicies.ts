import type { NamedPolicy } from "../policies";
import { awsError } from "../service";

/** What AWS managed policies allow on all resources, by name. */
const ACTIONS: Record<string, string[]> = {
  // https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
  AmazonSSMManagedInstanceCore: [
    "ssm:DescribeAssociation",
    "ssm:GetDeployablePatchSnapshotForInstance",
    "ssm:GetDocument",
    "ssm:DescribeDocument",
    "ssm:GetManifest",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:ListAssociations",
    "ssm:ListInstanceAssociations",
    "ssm:PutInventory",
    "ssm:PutComplianceItems",
    "ssm:PutConfigurePackageResult",
    "ssm:UpdateAssociationStatus",
    "ssm:UpdateInstanceAssociationStatus",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
  ],
};

/**
 * An AWS managed policy, present in every account of a partition.
 * @param arn `arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore`
 * @throws AwsError NoSuchEntity for an ARN of another partition
 */
export function managedPolicy(partition: string, arn: string): NamedPolicy {
  const prefix = `arn:${partition}:iam::aws:policy/`;
  const name = arn.slice(arn.indexOf("/") + 1);
  if (!arn.startsWith(prefix))
    throw awsError(
      "NoSuchEntity",
      `Policy ${arn} does not exist or is not attachable: here it is ${prefix}${name}.`,
      404,
    );
  const actions = ACTIONS[name];
  if (actions === undefined)
    throw awsError("NotSimulated", `${name} is not simulated: add what it allows to iam/managedPolicies.ts.`, 501);
  const statement = { Effect: "Allow", Action: actions, Resource: "*" };
  return { name, document: { Version: "2012-10-17", Statement: [statement] } };
}
