import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../stackContext";

export interface RuleArgs {
  stack: StackContext;
  /** What is invoked. */
  function: { arn: pulumi.Output<string>; functionName: pulumi.Output<string> };
  /** The events that it is invoked with, or when: `rate(1 minute)`. */
  on: { eventPattern: pulumi.Input<string> } | { scheduleExpression: string };
}

/**
 * The one way to have EventBridge invoke a function.
 * @returns the rule's name, known once the function is invoked
 */
export function createRule(
  name: string,
  { stack, function: invoked, on }: RuleArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const rule = new cloudwatch.EventRule(name, on, opts);
  const permission = new lambda.Permission(
    name,
    {
      action: "lambda:InvokeFunction",
      function: invoked.functionName,
      principal: stack.account.servicePrincipal("events"),
      sourceArn: rule.arn,
    },
    opts,
  );
  const invocation = { rule: rule.name, arn: invoked.arn };
  const target = new cloudwatch.EventTarget(name, invocation, { ...opts, dependsOn: permission });
  return pulumi.all([rule.name, target.id]).apply(([known]) => known);
}
