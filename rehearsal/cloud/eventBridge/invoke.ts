import type { StartPipelineExecutionInput } from "@aws-sdk/client-codepipeline";
import type { RunTaskRequest, RunTaskResponse } from "@aws-sdk/client-ecs";
import type { Target } from "@aws-sdk/client-eventbridge";
import type { InvocationRequest } from "@aws-sdk/client-lambda";
import type { PublishInput } from "@aws-sdk/client-sns";
import type { Cloud, Principal } from "../service";
import type { Rule } from "./bus";
import { serviceOf } from "./targets";

const servicePrincipal = "events.amazonaws.com";

/**
 * Calls one target of a rule with an event, or with the target's constant input.
 * @throws the error of the target's service, also if ECS starts no task
 */
export async function invokeTarget(cloud: Cloud, rule: Rule, target: Target, event: object): Promise<void> {
  const { Arn = "", Input = JSON.stringify(event) } = target;
  const own: Principal = {
    kind: "service",
    service: servicePrincipal,
    context: { "aws:SourceArn": rule.arn, "aws:SourceAccount": cloud.accountId },
  };
  switch (serviceOf(target)) {
    case "lambda":
      await cloud.call<InvocationRequest, object>(own, "lambda", "Invoke", {
        FunctionName: Arn,
        InvocationType: "Event",
        Payload: Buffer.from(Input),
      });
      return;
    case "sns":
      await cloud.call<PublishInput, object>(own, "sns", "Publish", { TopicArn: Arn, Message: Input });
      return;
    case "codepipeline":
      await cloud.call<StartPipelineExecutionInput, object>(
        await assumed(cloud, target),
        "codepipeline",
        "StartPipelineExecution",
        { name: Arn.split(":").at(-1) },
      );
      return;
    case "ecs":
      await runTask(cloud, rule, target);
      return;
    default:
      throw new Error(`The target ${Arn} is not simulated.`);
  }
}

async function assumed(cloud: Cloud, { RoleArn = "" }: Target): Promise<Principal> {
  await cloud.assumeRole(servicePrincipal, RoleArn);
  return { kind: "role", arn: RoleArn };
}

async function runTask(cloud: Cloud, rule: Rule, target: Target): Promise<void> {
  const { failures = [], tasks = [] } = await cloud.call<RunTaskRequest, RunTaskResponse>(
    await assumed(cloud, target),
    "ecs",
    "RunTask",
    runTaskRequest(rule, target),
  );
  if (tasks.length > 0 && failures.length === 0) return;
  const reasons = failures.map(({ arn, reason, detail }) => [arn, reason, detail].filter(Boolean).join(" "));
  throw new Error(`ECS started ${tasks.length} tasks: ${reasons.join("; ") || "it says no reason"}`);
}

/** EventBridge's request to ECS: the target's parameters, and its input as overrides. */
export function runTaskRequest(rule: Pick<Rule, "name">, { Arn, Input, EcsParameters }: Target): RunTaskRequest {
  const {
    TaskDefinitionArn,
    TaskCount = 1,
    LaunchType,
    PlatformVersion,
    Group,
    NetworkConfiguration,
    CapacityProviderStrategy,
    PlacementConstraints,
    PlacementStrategy,
    EnableECSManagedTags,
    EnableExecuteCommand,
    PropagateTags,
    ReferenceId,
    Tags,
  } = EcsParameters ?? { TaskDefinitionArn: undefined };
  const network = NetworkConfiguration?.awsvpcConfiguration;
  return {
    cluster: Arn,
    taskDefinition: TaskDefinitionArn,
    count: TaskCount,
    launchType: LaunchType,
    platformVersion: PlatformVersion,
    group: Group,
    networkConfiguration: network && {
      awsvpcConfiguration: {
        subnets: network.Subnets,
        securityGroups: network.SecurityGroups,
        assignPublicIp: network.AssignPublicIp,
      },
    },
    capacityProviderStrategy: CapacityProviderStrategy,
    placementConstraints: PlacementConstraints,
    placementStrategy: PlacementStrategy,
    enableECSManagedTags: EnableECSManagedTags,
    enableExecuteCommand: EnableExecuteCommand,
    propagateTags: PropagateTags,
    referenceId: ReferenceId,
    tags: Tags?.map(({ Key, Value }) => ({ key: Key, value: Value })),
    overrides: Input === undefined ? undefined : JSON.parse(Input),
    startedBy: `events-rule/${rule.name}`,
  };
}
