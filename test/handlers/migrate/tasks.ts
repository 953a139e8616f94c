import type { Task } from "@aws-sdk/client-ecs";
import type { MigrateOptions } from "../../../handlers/migrate/options";
import { awsFault, type Endpoint } from "../../callbacks/endpoint";
import { TABLE } from "../../callbacks/table";
import { CLUSTER, createEcs, type Ecs } from "../deploy/ecs";

export const FAMILY = "dev-storefront-task";

export const options: MigrateOptions = {
  application: "storefront",
  cluster: CLUSTER,
  taskDefinition: `arn:aws:ecs:us-east-1:123456789012:task-definition/${FAMILY}:1`,
  container: "app",
  command: ["node", "migrate.js"],
  subnets: ["subnet-1", "subnet-2"],
  securityGroup: "sg-1",
  logGroup: "/ecs/storefront",
  logStreamPrefix: "task",
  records: {
    table: TABLE,
    queueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/storefront-migrate-requests",
    pipeline: "dev-storefront",
  },
};

/** ECS's tasks, started by RunTask and ended by a test, and their logs. */
export interface Tasks {
  ecs: Ecs;
  /** By id. */
  tasks: Record<string, Task>;
  /** The lines of each log stream. */
  logs: Record<string, string[]>;
  /** Ends a task: its container exits with the code. */
  exit(id: string, exitCode: number): void;
  /** ECS's client tokens are forgotten, as they are an hour after the task has ended. */
  forget(): void;
}

/** Task ids are `task1`, `task2`, … */
export function createTasks(endpoint: Endpoint): Tasks {
  const started = new Map<string, { id: string; input: string }>();
  const world: Tasks = {
    ecs: createEcs(endpoint, [FAMILY], false),
    tasks: {},
    logs: {},
    exit(id, exitCode) {
      Object.assign(world.tasks[id] ?? {}, {
        lastStatus: "STOPPED",
        stopCode: "EssentialContainerExited",
        stoppedReason: "Essential container in task exited",
        containers: [{ name: "app", exitCode }],
      });
    },
    forget: () => started.clear(),
  };
  Object.assign(endpoint.answers, {
    RunTask: (input) => {
      const text = JSON.stringify(input);
      const before = started.get(String(input.clientToken));
      if (before !== undefined && before.input !== text) {
        throw awsFault("ConflictException", "The client token is in use.");
      }
      const id = before?.id ?? `task${Object.keys(world.tasks).length + 1}`;
      started.set(String(input.clientToken), { id, input: text });
      world.tasks[id] ??= {
        taskArn: `arn:aws:ecs:us-east-1:123456789012:task/${CLUSTER}/${id}`,
        lastStatus: "PROVISIONING",
        containers: [{ name: "app" }],
      };
      return { tasks: [world.tasks[id]], failures: [] };
    },
    DescribeTasks: ({ tasks }) => {
      const ids = tasks as string[];
      return {
        tasks: ids.flatMap((id) => world.tasks[id] ?? []),
        failures: ids.filter((id) => !(id in world.tasks)).map((arn) => ({ arn, reason: "MISSING" })),
      };
    },
    GetLogEvents: ({ logStreamName, limit }) => {
      const lines = world.logs[String(logStreamName)];
      if (lines === undefined) {
        throw awsFault("ResourceNotFoundException", "The specified log stream does not exist.");
      }
      const events = lines.slice(-Number(limit)).map((message, timestamp) => ({ timestamp, message }));
      return { events, nextBackwardToken: "b/0", nextForwardToken: "f/0" };
    },
  } satisfies Endpoint["answers"]);
  return world;
}
