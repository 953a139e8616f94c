import { parseToken } from "../shared/codePipelineJob";

/** The state of a schedules update between invocations, stored in the continuation token. */
export interface SchedulesState {
  /** The update's id: that of its first job. */
  id: string;
  /** When it started, in epoch seconds. */
  since: number;
  /** `family:revision` for the schedules; absent if the file has no schedules. */
  taskDefinition?: string | undefined;
  /** Latest revision that schedules use or will use, as planned. Later ones belong to another update. */
  latest: number;
}

export function encodeState(state: SchedulesState): string {
  return JSON.stringify(state);
}

/** @throws Failure if {@link encodeState} did not create the token */
export function decodeState(token: string): SchedulesState {
  return parseToken<SchedulesState>(
    token,
    ({ id, since, latest }) => typeof id === "string" && typeof since === "number" && typeof latest === "number",
  );
}
