import { shorten } from "../codePipelineJob";
import { failure } from "../failure";

/** A continuation token's limit, in characters. */
const LIMIT = 2_048;

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

/** What a migration remembers from one invocation to the next, in the continuation token. */
export interface MigrationState {
  /** When the revision was registered, and once there is a task, when that was started; in epoch seconds. */
  since: number;
  run: TaskRun;
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
  const excess = encodeState({ ...state, task: "0".repeat(36) }).length - LIMIT;
  if (excess > 0) {
    const what = `the migration's command of ${JSON.stringify(state.run.command).length} characters is ${excess} too long`;
    const why = `for CodePipeline's continuation token of ${LIMIT}`;
    throw failure("ConfigurationError", `${what} ${why}: make it a script of the image, and run that`);
  }
}

/** @throws Failure for a token that is not of {@link encodeState}'s making */
export function decodeState(token: string): MigrationState {
  try {
    const state = JSON.parse(token) as Partial<MigrationState>;
    if (typeof state.since === "number" && typeof state.run?.taskDefinition === "string") {
      return state as MigrationState;
    }
  } catch {
    // Told below, with the token's beginning, which is nothing secret.
  }
  throw failure("ConfigurationError", `the continuation token is not of this function: ${shorten(token, 100)}`);
}
