import { parseToken } from "../shared/codePipelineJob";

/** What an action remembers from one invocation to the next, in the continuation token. */
export interface ActionState {
  /** When the action began, in epoch seconds. */
  since: number;
  /** The action's first job: one request is made in its name, however often it is invoked. */
  job: string;
  /** The record was made, or found. */
  follows?: true | undefined;
}

export function encodeState(state: ActionState): string {
  return JSON.stringify(state);
}

/** @throws Failure for a token that is not of {@link encodeState}'s making */
export function decodeState(token: string): ActionState {
  return parseToken<ActionState>(token, ({ since, job }) => typeof since === "number" && typeof job === "string");
}
