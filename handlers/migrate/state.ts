import { parseToken, TOKEN } from "../codePipelineJob";
import { failure } from "../failure";

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

/** What a migration remembers from one invocation to the next, in the continuation token. */
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

/**
 * Makes sure, before anything is registered, that the token will have room for the task's id too.
 * @throws Failure that says how long the command is
 */
export function reserveRoom(state: MigrationState): void {
  const shortage = { since: state.since, cause: "0".repeat(CAUSE), ended: 100 };
  const excess = encodeState({ ...state, shortage, task: "0".repeat(36) }).length - TOKEN;
  if (excess > 0) {
    const what = `the migration's command of ${JSON.stringify(state.run.command).length} characters is ${excess} too long`;
    const why = `for CodePipeline's continuation token of ${TOKEN}`;
    throw failure("ConfigurationError", `${what} ${why}: make it a script of the image, and run that`);
  }
}

/** @throws Failure for a token that is not of {@link encodeState}'s making */
export function decodeState(token: string): MigrationState {
  return parseToken<MigrationState>(
    token,
    ({ since, run }) => typeof since === "number" && typeof run?.taskDefinition === "string",
  );
}
