import { parseToken } from "../shared/codePipelineJob";

/** All parameters that the task is started with. */
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
  /** How many tasks were started but ended before their container ran. */
  ended: number;
}

/** Longest cause of a shortage that is stored, in characters. */
export const CAUSE = 200;

/** A migration's state between rounds, stored in its record. */
export interface MigrationState {
  /**
   * In epoch seconds: when the revision was registered, or ECS last reported that it cannot start the task; after the
   * start, when the task was started.
   */
  since: number;
  run: TaskRun;
  /** Fargate has no capacity for the task, and nothing has run. */
  shortage?: Shortage | undefined;
  /** The task's id, once it has been started. */
  task?: string | undefined;
}

export function encodeState(state: MigrationState): string {
  return JSON.stringify(state);
}

/** @throws Failure if {@link encodeState} did not create the token */
export function decodeState(token: string): MigrationState {
  return parseToken<MigrationState>(
    token,
    ({ since, run }) => typeof since === "number" && typeof run?.taskDefinition === "string",
  );
}
