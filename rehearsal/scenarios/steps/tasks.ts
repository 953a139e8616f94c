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
 * @throws Mismatch
 */
export async function expectMigratedFirst(
  context: ScenarioContext,
  executionId: string,
  version: string,
  stack?: string,
): Promise<void> {
  const migrations = migrationsOf(context, executionId, stack);
  const exitCodes = migrations.map(({ exitCode }) => exitCode);
  expectSame("exit codes of the migrations", exitCodes, [0]);
  for (const migration of migrations)
    expectEqual("the version that migrated", (await readTask(context, migration, stack)).version, version);
  const names = servicesOf(context, stack).map(({ serviceName }) => serviceName);
  const events = context.since();
  const migrated = Math.max(...migrations.map((task) => events.lastIndexOf(task)));
  // A deployment by HTTP may have changed the services before. The last rollout of each is this delivery's.
  const early = names.filter((name) => {
    const rollout = events.findLastIndex(
      (it) => it.kind === "deployment" && it.service === name && it.rolloutState === "IN_PROGRESS",
    );
    return rollout !== -1 && rollout < migrated;
  });
  expectSame("services changed before the migration", early, []);
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
  const digest = await digestOf(context, taskDefinitionArn);
  return { version: (await versionsByDigest(context)).get(digest) ?? digest, cpu, memory };
}
