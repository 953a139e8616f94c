import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createNotices, type NoticesOptions } from "../../handlers/notices";
import { createAlarm } from "../foundation/alarm";
import { createRule } from "../lambda/eventRule";
import { Callback } from "../lambda/lambdaFunction";
import type { Operations } from "../stackContext";

/** The pipeline of one application. */
interface WatchedPipeline {
  application: string;
  arn: pulumi.Output<string>;
  pipelineName: pulumi.Output<string>;
}

export interface NoticesArgs {
  operations: Operations;
  pipelines: WatchedPipeline[];
}

/** How pipeline executions end is told to the stack's topic; a failed one raises an alarm besides. */
export class Notices extends pulumi.ComponentResource {
  constructor(name: string, args: NoticesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Notices", name, {}, opts);
    const notices = createFunction(name, args, this);
    // If all attempts fail, the topic gets the event itself, which names the execution and its state.
    new lambda.FunctionEventInvokeConfig(
      `${name}-notices`,
      {
        functionName: notices.functionName,
        destinationConfig: { onFailure: { destination: args.operations.topicArn } },
      },
      { parent: this },
    );
    const failuresRule = tellStates(`${name}-failures`, ["FAILED"], args, notices, this);
    tellStates(`${name}-outcomes`, ["SUCCEEDED", "STOPPED", "SUPERSEDED"], args, notices, this);
    createAlarm(
      `${name}-failures`,
      {
        operations: args.operations,
        description: "A pipeline failed: its notice says which one, where and why.",
        namespace: "AWS/Events",
        metrics: ["TriggeredRules"],
        statistic: "Sum",
        dimensions: { RuleName: failuresRule },
        // That no other pipeline failed meanwhile mends none.
        tellsEnd: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

function createFunction(name: string, { operations, pipelines }: NoticesArgs, parent: pulumi.Resource) {
  const { account, environment, topicArn } = operations;
  const applications = pulumi
    .all(pipelines.map(({ pipelineName }) => pipelineName))
    .apply((names) => Object.fromEntries(pipelines.map(({ application }, index) => [names[index], application])));
  return new Callback<NoticesOptions>(
    `${name}-notices`,
    {
      operations,
      factory: createNotices,
      options: {
        environment,
        topicArn,
        console: account.partition.consoleUrl,
        region: account.region,
        pipelines: applications,
      },
      statements: [
        { actions: ["codepipeline:ListActionExecutions"], resources: pipelines.map(({ arn }) => arn) },
        { actions: ["sns:Publish"], resources: [topicArn] },
      ],
      timeoutSeconds: 60,
      memory: 256,
    },
    { parent },
  );
}

/** Has the function told when an execution of the stack's pipelines reaches one of the states. */
const tellStates = (
  name: string,
  states: string[],
  { operations, pipelines }: NoticesArgs,
  notices: Callback<NoticesOptions>,
  parent: pulumi.Resource,
) =>
  createRule(
    name,
    {
      operations,
      function: notices,
      on: {
        eventPattern: pulumi.jsonStringify({
          source: ["aws.codepipeline"],
          "detail-type": ["CodePipeline Pipeline Execution State Change"],
          detail: { pipeline: pipelines.map(({ pipelineName }) => pipelineName), state: states },
        }),
      },
    },
    { parent },
  );
