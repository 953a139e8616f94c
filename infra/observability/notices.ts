import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createNotices, type NoticesOptions } from "../../handlers/notices";
import { createAlarm } from "../foundation/alarm";
import { createRule } from "../lambda/eventRule";
import { LambdaFunction } from "../lambda/lambdaFunction";
import type { StackContext } from "../stackContext";

/** An application and its pipeline. */
interface WatchedPipeline {
  name: string;
  pipelineArn: pulumi.Output<string>;
  pipelineName: pulumi.Output<string>;
}

export interface NoticesArgs {
  stack: StackContext;
  applications: WatchedPipeline[];
}

/** Sends a notice for every finished pipeline execution; a failure also raises an alarm. */
export class Notices extends pulumi.ComponentResource {
  constructor(name: string, args: NoticesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Notices", name, {}, opts);
    const notices = createFunction(name, args, this);
    // If all attempts fail, the topic gets the raw event, which names the execution and its state.
    new lambda.FunctionEventInvokeConfig(
      `${name}-notices`,
      {
        functionName: notices.functionName,
        destinationConfig: { onFailure: { destination: args.stack.topicArn } },
      },
      { parent: this },
    );
    const failuresRule = tellStates(`${name}-failures`, ["FAILED"], args, notices, this);
    tellStates(`${name}-outcomes`, ["SUCCEEDED", "STOPPED", "SUPERSEDED"], args, notices, this);
    createAlarm(
      `${name}-failures`,
      {
        stack: args.stack,
        description: "A pipeline failed: its notice says which one, where and why.",
        namespace: "AWS/Events",
        metrics: ["TriggeredRules"],
        statistic: "Sum",
        dimensions: { RuleName: failuresRule },
        // The alarm's end only means that no other pipeline has failed since, not that this one works.
        tellsEnd: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

function createFunction(name: string, { stack, applications }: NoticesArgs, parent: pulumi.Resource) {
  const { account, environment, topicArn } = stack;
  const pipelines = pulumi
    .all(applications.map(({ pipelineName }) => pipelineName))
    .apply((names) => Object.fromEntries(applications.map((application, index) => [names[index], application.name])));
  return new LambdaFunction<NoticesOptions>(
    `${name}-notices`,
    {
      stack,
      factory: createNotices,
      options: {
        environment,
        topicArn,
        console: account.partition.consoleUrl,
        region: account.region,
        pipelines,
      },
      statements: [
        {
          actions: ["codepipeline:ListActionExecutions"],
          resources: applications.map(({ pipelineArn }) => pipelineArn),
        },
        { actions: ["sns:Publish"], resources: [topicArn] },
      ],
      timeoutSeconds: 60,
      memory: 256,
    },
    { parent },
  );
}

/** Invokes the function when an execution of the stack's pipelines reaches one of the states. */
const tellStates = (
  name: string,
  states: string[],
  { stack, applications }: NoticesArgs,
  notices: LambdaFunction<NoticesOptions>,
  parent: pulumi.Resource,
) =>
  createRule(
    name,
    {
      stack,
      function: notices,
      on: {
        eventPattern: pulumi.jsonStringify({
          source: ["aws.codepipeline"],
          "detail-type": ["CodePipeline Pipeline Execution State Change"],
          detail: { pipeline: applications.map(({ pipelineName }) => pipelineName), state: states },
        }),
      },
    },
    { parent },
  );
