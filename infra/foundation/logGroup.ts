import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import type { Statement } from "./role";

/** The one way to make a log group: its events expire after `retentionInDays`. */
export const createLogGroup = (
  name: string,
  retentionInDays: number,
  opts: pulumi.CustomResourceOptions,
): cloudwatch.LogGroup => new cloudwatch.LogGroup(name, { retentionInDays }, opts);

/** Writing to a log group, and not making others: those would never expire. */
export const writingTo = (group: cloudwatch.LogGroup): Statement => ({
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  resources: [pulumi.interpolate`${group.arn}:*`],
});
