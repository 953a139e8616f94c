import type { ContainerDefinition, ContainerOverride, KeyValuePair, TaskOverride } from "@aws-sdk/client-ecs";
import { awsError } from "../service";
import { checkFargate, type Revision } from "./taskDefinition";

/** API reference, RunTask, `overrides`: the limit applies to all of them together, as JSON. */
const LIMIT = 8192;

// Fargate uses these; the others are for container instances or other kinds of task.
const CONTAINER_FIELDS = ["name", "command", "environment", "cpu", "memory", "memoryReservation"];
const TASK_FIELDS = ["containerOverrides", "cpu", "memory", "taskRoleArn", "executionRoleArn"];

/**
 * The revision with one task's overrides. The registered revision does not change.
 * @throws AwsError as RunTask does, for an unknown container or a size that Fargate does not offer
 */
export function overridden(revision: Revision, overrides: TaskOverride): Revision {
  if (JSON.stringify(overrides).length > LIMIT)
    throw awsError("InvalidParameterException", `Container Overrides length must be at most ${LIMIT}`);
  refuseOthers("overrides", overrides, TASK_FIELDS);
  const { containerOverrides = [], ...task } = overrides;
  const { definition } = revision;
  for (const override of containerOverrides) {
    refuseOthers("containerOverrides", override, CONTAINER_FIELDS);
    if (!definition.containerDefinitions.some(({ name }) => name === override.name))
      throw awsError(
        "InvalidParameterException",
        `Override for container named ${override.name} is not a container in the TaskDefinition.`,
      );
  }
  const given = Object.fromEntries(Object.entries(task).filter(([, value]) => value !== undefined));
  const changed: Revision["definition"] = {
    ...definition,
    ...given,
    containerDefinitions: definition.containerDefinitions.map((container) =>
      overriddenContainer(
        container,
        containerOverrides.find(({ name }) => name === container.name),
      ),
    ),
  };
  checkFargate(changed);
  return { ...revision, definition: changed };
}

function overriddenContainer(container: ContainerDefinition, override: ContainerOverride = {}): ContainerDefinition {
  const { name: _, environment = [], ...rest } = override;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...container, ...given, environment: merged(container.environment ?? [], environment) };
}

/** An overridden variable loses the task definition's value. */
function merged(declared: KeyValuePair[], overrides: KeyValuePair[]): KeyValuePair[] {
  const kept = declared.filter(({ name }) => !overrides.some((override) => override.name === name));
  return [...kept, ...overrides];
}

function refuseOthers(where: string, given: object, simulated: string[]): void {
  const other = Object.entries(given).find(([field, value]) => value !== undefined && !simulated.includes(field));
  if (other !== undefined)
    throw awsError(
      "NotSimulated",
      `ecs:RunTask with ${where}.${other[0]} is not simulated: add it in rehearsal/cloud/ecs/overrides.ts.`,
      501,
    );
}
