import type { EcsParameters, PutRuleRequest, Target } from "@aws-sdk/client-eventbridge";
import type { EventRuleArgs } from "@pulumi/aws/cloudwatch/eventRule";
import type { EventTargetArgs } from "@pulumi/aws/cloudwatch/eventTarget";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import type { Cloud, Declaration } from "../service";
import { DEFAULT_BUS } from "./bus";

type EcsTarget = NonNullable<Unwrap<EventTargetArgs>["ecsTarget"]>;

/** The provider's request for a declared rule. */
export function ruleRequest(cloud: Cloud, declaration: Declaration): PutRuleRequest {
  const inputs = inputsOf<Unwrap<EventRuleArgs>>(declaration, [
    "name",
    "description",
    "eventBusName",
    "eventPattern",
    "scheduleExpression",
    "state",
    "isEnabled",
    "roleArn",
    "tags",
    "region",
  ]);
  checkBus(declaration, inputs.eventBusName);
  return {
    Name: cloud.physicalName(declaration, inputs.name),
    Description: inputs.description,
    EventPattern: inputs.eventPattern,
    ScheduleExpression: inputs.scheduleExpression,
    State: (inputs.state ?? (inputs.isEnabled === false ? "DISABLED" : "ENABLED")) as PutRuleRequest["State"],
    RoleArn: inputs.roleArn,
    Tags: Object.entries(inputs.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
  };
}

/** A declared target and the rule's name. */
export function targetRequest(cloud: Cloud, declaration: Declaration): { rule: string; target: Target } {
  const inputs = inputsOf<Unwrap<EventTargetArgs>>(declaration, [
    "rule",
    "eventBusName",
    "targetId",
    "arn",
    "roleArn",
    "input",
    "ecsTarget",
    "region",
  ]);
  checkBus(declaration, inputs.eventBusName);
  return {
    rule: inputs.rule,
    target: {
      Id: inputs.targetId ?? `terraform-${cloud.id(26)}`,
      Arn: inputs.arn,
      RoleArn: inputs.roleArn,
      Input: inputs.input,
      EcsParameters: inputs.ecsTarget && ecsParameters(inputs.ecsTarget),
    },
  };
}

function ecsParameters(target: EcsTarget): EcsParameters {
  const { networkConfiguration: network, tags } = target;
  return {
    TaskDefinitionArn: target.taskDefinitionArn,
    TaskCount: target.taskCount ?? 1,
    LaunchType: target.launchType as EcsParameters["LaunchType"],
    PlatformVersion: target.platformVersion,
    Group: target.group,
    NetworkConfiguration: network && {
      awsvpcConfiguration: {
        Subnets: network.subnets,
        SecurityGroups: network.securityGroups,
        AssignPublicIp: network.assignPublicIp ? "ENABLED" : "DISABLED",
      },
    },
    CapacityProviderStrategy: target.capacityProviderStrategies?.map(({ capacityProvider, base, weight }) => ({
      capacityProvider,
      base,
      weight,
    })),
    EnableECSManagedTags: target.enableEcsManagedTags,
    EnableExecuteCommand: target.enableExecuteCommand,
    PropagateTags: target.propagateTags as EcsParameters["PropagateTags"],
    Tags: tags && Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

function checkBus({ type, name }: Declaration, eventBusName: string | undefined): void {
  if (eventBusName !== undefined && eventBusName !== DEFAULT_BUS)
    throw new Error(`${type} ${name}: the event bus ${eventBusName} is not simulated: only ${DEFAULT_BUS} is.`);
}
