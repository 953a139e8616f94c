import type { DescribeTasksResponse, Task } from "@aws-sdk/client-ecs";
import type { CloudEvent } from "../../cloud/events";
import { expectEqual, expectSame } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { application, digestOf, servicesOf } from "./delivered";
import { asOperator } from "./operator";
import { versionsByDigest } from "./versions";

export type TaskEvent = Extract<CloudEvent, { kind: "task" }>;

/** Whether it is a task of the application without a service: a migration's or a schedule's. */
export function isOneOff(context: ScenarioContext, event: CloudEvent, stack?: string): event is TaskEvent {
  return event.kind === "task" && event.family === `${stackOf(context, stack).environment}-${application}-task`;
}

/** Whether a rule of EventBridge started it. */
export const isScheduled = ({ startedBy = "" }: TaskEvent): boolean => startedBy.startsWith("events-rule/");

/** The tasks of an execution's migration that stopped since the last push. */
export function migrationsOf(context: ScenarioContext, executionId: string, stack?: string): TaskEvent[] {
  return context
    .since()
    .filter((event) => isOneOff(context, event, stack))
    .filter(({ startedBy, status }) => startedBy === executionId && status === "STOPPED");
}

/**
 * The migration of an execution ran once, in the delivered version, succeeded, and ended before any service was
 * changed.
 * @param waited whether the execution waited for a deployment by HTTP, in which case that deployment may have changed the
 * services before the migration
 * @throws Mismatch
 */
export async function expectMigratedFirst(
  context: ScenarioContext,
  executionId: string,
  version: string,
  { stack, waited }: { stack?: string | undefined; waited: boolean },
): Promise<void> {
  const migrations = migrationsOf(context, executionId, stack);
  const exitCodes = migrations.map(({ exitCode }) => exitCode);
  expectSame("exit codes of the migrations", exitCodes, [0]);
  for (const migration of migrations)
    expectEqual("the version that migrated", (await readTask(context, migration, stack)).version, version);
  const names = servicesOf(context, stack).map(({ serviceName }) => serviceName);
  for (const event of context.since()) {
    if (migrations.some((task) => task === event)) return;
    if (event.kind !== "deployment" || !names.includes(event.service)) continue;
    if (!waited || (await versionOf(context, event.taskDefinition)) === version)
      expectSame("services changed before the migration ended", [event.service], []);
  }
}

/** A task's image version and size. */
export async function readTask(
  context: ScenarioContext,
  { taskArn }: TaskEvent,
  stack?: string,
): Promise<{ version: string } & Pick<Task, "cpu" | "memory">> {
  const { tasks = [] } = await asOperator<DescribeTasksResponse>(context, "ecs", "DescribeTasks", {
    cluster: servicesOf(context, stack)[0]?.cluster,
    tasks: [taskArn],
  });
  const [{ taskDefinitionArn, cpu, memory } = {}] = tasks;
  return { version: await versionOf(context, taskDefinitionArn), cpu, memory };
}

/** The version of a task definition's image; its digest if no pushed version has it. */
async function versionOf(context: ScenarioContext, taskDefinition: string | undefined): Promise<string> {
  const digest = await digestOf(context, taskDefinition);
  return (await versionsByDigest(context)).get(digest) ?? digest;
}
