import { parseToken } from "../shared/codePipelineJob";

/** What the task is started with, all of it. */
export interface TaskRun {
  /** The cluster's name. */
  cluster: string;
  /** `family:revision` */
  taskDefinition: string;
  container: string;
  command: string[];
  subnets: string[];
  securityGroup: string;
  startedBy: string;
}

export interface Shortage {
  /** In epoch seconds. */
  since: number;
  cause: string;
  /** How many tasks were started, and ended before their container ran. */
  ended: number;
}

/** Characters that are kept of a shortage's cause. */
export const CAUSE = 200;

/** What a migration remembers from one round to the next, in its record. */
export interface MigrationState {
  /**
   * In epoch seconds: when the revision was registered, or ECS last said that it cannot start the task; once there is a task,
   * when that was started.
   */
  since: number;
  run: TaskRun;
  /** Fargate has no room for the task, and nothing has run. */
  shortage?: Shortage | undefined;
  /** The task's id, once it has been started. */
  task?: string | undefined;
}

export function encodeState(state: MigrationState): string {
  return JSON.stringify(state);
}

/** @throws Failure for a token that is not of {@link encodeState}'s making */
export function decodeState(token: string): MigrationState {
  return parseToken<MigrationState>(
    token,
    ({ since, run }) => typeof since === "number" && typeof run?.taskDefinition === "string",
  );
}
