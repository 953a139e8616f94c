import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../stackContext";

export interface RuleArgs {
  stack: StackContext;
  /** The function to invoke. */
  function: { arn: pulumi.Output<string>; functionName: pulumi.Output<string> };
  /** An event pattern, or a schedule such as `rate(1 minute)`. */
  on: { eventPattern: pulumi.Input<string> } | { scheduleExpression: string };
}

/**
 * Use this wherever EventBridge invokes a function.
 * @returns the rule's name, available once the rule invokes the function
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
