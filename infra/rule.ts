import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as lambda from "@pulumi/aws/lambda";
import type * as pulumi from "@pulumi/pulumi";
import type { Operations } from "./operations";

export interface RuleArgs {
  operations: Operations;
  /** What is invoked. */
  function: { arn: pulumi.Output<string>; functionName: pulumi.Output<string> };
  /** The events that it is invoked with, or when: `rate(1 minute)`. */
  on: { eventPattern: pulumi.Input<string> } | { scheduleExpression: string };
}

/** The one way to have EventBridge invoke a function. */
export function createRule(
  name: string,
  { operations, function: invoked, on }: RuleArgs,
  opts: pulumi.CustomResourceOptions,
): cloudwatch.EventRule {
  const rule = new cloudwatch.EventRule(name, on, opts);
  const permission = new lambda.Permission(
    name,
    {
      action: "lambda:InvokeFunction",
      function: invoked.functionName,
      principal: operations.account.servicePrincipal("events"),
      sourceArn: rule.arn,
    },
    opts,
  );
  new cloudwatch.EventTarget(name, { rule: rule.name, arn: invoked.arn }, { ...opts, dependsOn: permission });
  return rule;
}
