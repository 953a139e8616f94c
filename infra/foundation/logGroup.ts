import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import type { Statement } from "./role";

/** Use this for all log groups: events expire after `retentionInDays`. */
export const createLogGroup = (
  name: string,
  retentionInDays: number,
  opts: pulumi.CustomResourceOptions,
): cloudwatch.LogGroup => new cloudwatch.LogGroup(name, { retentionInDays }, opts);

/** Allows writing to a log group, but not creating others: their events would never expire. */
export const writingTo = (group: cloudwatch.LogGroup): Statement => ({
  actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
  resources: [pulumi.interpolate`${group.arn}:*`],
});
