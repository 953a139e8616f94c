import { parseToken } from "../shared/codePipelineJob";

/** What an update of the schedules remembers from one invocation to the next, in the continuation token. */
export interface SchedulesState {
  /** Whose update it is: the id of its first job. */
  id: string;
  /** When it began, in epoch seconds. */
  since: number;
  /** `family:revision` that the schedules are to run; absent if there are to be none. */
  taskDefinition?: string | undefined;
  /** The latest revision that schedules ran then, or are to run. One that runs a later one was changed since. */
  latest: number;
}

export function encodeState(state: SchedulesState): string {
  return JSON.stringify(state);
}

/** @throws Failure for a token that is not of {@link encodeState}'s making */
export function decodeState(token: string): SchedulesState {
  return parseToken<SchedulesState>(
    token,
    ({ id, since, latest }) => typeof id === "string" && typeof since === "number" && typeof latest === "number",
  );
}
