import { createHash } from "node:crypto";
import { explain, type Failure, failure, failureType, isException } from "../shared/failure";

/** What becomes of a message whose push could not be fetched. */
export type RetryVerdict =
  /** It is handed out again after so many seconds. */
  | { kind: "retry"; seconds: number }
  /** It goes to the dead letters, and those behind it have their turn. */
  | { kind: "park"; reason: string };

/** Seconds. */
const FIRST_DELAY = 15;
const LONGEST_DELAY = 15 * 60;

/** SQS hides a message for 12 hours at most, the time since it was received included. */
const LONGEST_WAIT = 11 * 60 * 60;

/** A failure with the time for which the forge asked not to be asked again. */
export interface FetchFailure extends Failure {
  /** Seconds. */
  retryAfter?: number;
}

/** So often is tried what hardly mends by itself: a forge may be late to know a commit, or a token. */
export const PATIENCE = 3;

/**
 * Whether to try again. An outage, or a permission that is missing, is waited for until the queue itself has enough. What
 * is wrong with the push or the configuration is not: it would hold up later pushes of the branch for hours.
 *
 * A forge that says when to come back is not asked before.
 *
 * @param receives how often the message was handed out, this time included
 * @param messageId spreads messages that failed at the same time
 */
export function decideRetry(
  { type, message, retryAfter = 0 }: Pick<FetchFailure, "type" | "message" | "retryAfter">,
  receives: number,
  messageId: string,
): RetryVerdict {
  switch (type) {
    case "JobFailed":
    case "ConfigurationError":
      return { kind: "park", reason: message };
    case "RevisionUnavailable":
    case "RevisionOutOfSync":
      return receives < PATIENCE
        ? { kind: "retry", seconds: delayOf(receives, messageId) }
        : { kind: "park", reason: message };
    case "SystemUnavailable":
    case "PermissionError":
      return {
        kind: "retry",
        seconds: Math.max(delayOf(receives, messageId), Math.min(LONGEST_WAIT, Math.ceil(retryAfter))),
      };
  }
}

/** Twice as long each time, less up to a tenth. */
function delayOf(receives: number, messageId: string): number {
  const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (receives - 1));
  const spread = createHash("sha256").update(messageId).digest().readUInt32BE() / 2 ** 32;
  return Math.round(delay * (1 - spread / 10));
}

/** Any error of a fetch as a {@link Failure} that {@link decideRetry} can go by. @param signal of the function's time */
export function judged(error: unknown, signal: AbortSignal): FetchFailure {
  if (signal.aborted) {
    return failure("SystemUnavailable", `not done in the function's time: ${explain(error)}`, error);
  }
  if (isException(error, "Failure")) {
    return error as Failure;
  }
  return failure(typeOf(error), explain(error), error);
}

/** An error that nobody has judged may pass or not: it is tried as often as a commit that is not there. */
export function typeOf(error: unknown): Failure["type"] {
  const type = failureType(error);
  if (type !== "JobFailed" || isException(error, "Failure")) {
    return type;
  }
  return isBrokenOff(error) ? "SystemUnavailable" : "RevisionUnavailable";
}

/** Whether a connection ended before its time, or brought what its encoding cannot be. `fetch` has the code in the cause. */
function isBrokenOff(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return /^(UND_ERR_\w+|E[A-Z]+|Z_\w+)$/.test(code ?? cause?.code ?? "");
}
