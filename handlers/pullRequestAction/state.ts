import { parseToken } from "../shared/codePipelineJob";

/** An action's state between invocations, stored in the continuation token. */
export interface ActionState {
  /** When the action started, in epoch seconds. */
  since: number;
  /** The action's first job: the request is made once in its name, however often the action is invoked. */
  job: string;
  /** The record was created or found. */
  follows?: true | undefined;
}

export function encodeState(state: ActionState): string {
  return JSON.stringify(state);
}

/** @throws Failure if {@link encodeState} did not create the token */
export function decodeState(token: string): ActionState {
  return parseToken<ActionState>(token, ({ since, job }) => typeof since === "number" && typeof job === "string");
}
