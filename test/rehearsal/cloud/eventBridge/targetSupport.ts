import type { PutEventsRequest, PutEventsResponse } from "@aws-sdk/client-eventbridge";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { type Cloud, operation, type Principal, type Service } from "../../../../rehearsal/cloud/service";
import { createSns, type Delivery } from "../../../../rehearsal/cloud/sns";
import { createTestCloud } from "../../support";
import { declareFunction, isKind } from "../lambda/support";

export const ACCOUNT = "123456789012";
export const RULE = `arn:aws:events:us-east-1:${ACCOUNT}:rule/dev-failures`;
export const CLUSTER = `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/dev`;
export const PIPELINE = `arn:aws:codepipeline:us-east-1:${ACCOUNT}:prod-storefront`;
export const FAILED = { pipeline: "dev-storefront", "execution-id": "1", state: "FAILED", version: 2 };
const CODE_PIPELINE: Principal = { kind: "aws", service: "codepipeline.amazonaws.com" };

const TASK_DEFINITION = `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/dev-storefront-task:7`;

export const ecsTarget = {
  taskDefinitionArn: TASK_DEFINITION,
  launchType: "FARGATE",
  networkConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: true },
};

/** A service whose one operation answers as the test says, and keeps who asked for what. */
function stubbed(name: string, operationName: string, action: string, resource: string, answer: () => object) {
  const asked: { caller: Principal; input: object }[] = [];
  const create = (_cloud: Cloud): Service => ({
    name,
    resources: {},
    operations: {
      [operationName]: operation<object, object>({
        permissions: () => [{ action, resource }],
        perform(input, { caller }) {
          asked.push({ caller, input });
          return answer();
        },
      }),
    },
  });
  return { asked, create };
}

/** An account in which a rule can have targets of every kind that the program uses. */
export async function createTargetCloud() {
  /** What the other services answer. */
  const answers = {
    ecs: { tasks: [{ taskArn: "task" }], failures: [] } as object,
    /** What the first starts of the pipeline fail with. */
    pipelineErrors: [] as Error[],
  };
  const pipelines = stubbed(
    "codepipeline",
    "StartPipelineExecution",
    "codepipeline:StartPipelineExecution",
    PIPELINE,
    () => {
      const error = answers.pipelineErrors.shift();
      if (error !== undefined) throw error;
      return {};
    },
  );
  const ecs = stubbed("ecs", "RunTask", "ecs:RunTask", TASK_DEFINITION, () => answers.ecs);
  let deliveries: readonly Delivery[] = [];
  const topics = (account: Cloud) => {
    const sns = createSns(account);
    deliveries = sns.deliveries;
    return sns;
  };
  const cloud = await createTestCloud([
    createEventBridge,
    createLambda,
    createLogs,
    topics,
    pipelines.create,
    ecs.create,
  ]);

  const rule = (inputs: Record<string, unknown> = { eventPattern: '{"source":["aws.codepipeline"]}' }) =>
    cloud.declare("aws:cloudwatch/eventRule:EventRule", "dev-failures", { name: "dev-failures", ...inputs });
  const target = (arn: string, inputs: Record<string, unknown> = {}) =>
    cloud.declare("aws:cloudwatch/eventTarget:EventTarget", "target", { rule: "dev-failures", arn, ...inputs });
  const putEvents = (Detail: object = FAILED, more: object = {}, caller = CODE_PIPELINE) =>
    cloud.call<PutEventsRequest, PutEventsResponse>(caller, "events", "PutEvents", {
      Entries: [
        {
          Source: "aws.codepipeline",
          DetailType: "CodePipeline Pipeline Execution State Change",
          Detail: JSON.stringify(Detail),
          Resources: [PIPELINE],
          ...more,
        },
      ],
    });
  const called = () => cloud.until(isKind("rule"));
  const role = (action: string, resource: string, service = "events.amazonaws.com") =>
    cloud.role("caller", service, [{ Effect: "Allow", Action: action, Resource: resource }]);

  async function declareFunctionTarget(sourceArn = RULE) {
    const { arn } = await declareFunction(
      cloud,
      "notices",
      "exports.handler = async (event) => process.stdout.write(JSON.stringify(event))",
    );
    await cloud.declare("aws:lambda/permission:Permission", "notices", {
      action: "lambda:InvokeFunction",
      function: "notices",
      principal: "events.amazonaws.com",
      sourceArn,
    });
    await target(arn);
    return arn;
  }

  return {
    cloud,
    answers,
    pipelines,
    ecs,
    deliveries,
    rule,
    target,
    putEvents,
    called,
    role,
    declareFunctionTarget,
  };
}

export type TargetCloud = Awaited<ReturnType<typeof createTargetCloud>>;
