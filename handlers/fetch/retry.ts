import { createHash } from "node:crypto";
import { explain, type Failure, failure, failureType, isException } from "../shared/failure";

/** What to do with a message whose push could not be fetched. */
export type RetryVerdict =
  /** Retry it after this many seconds. */
  | { kind: "retry"; seconds: number }
  /** Move it to the dead-letter queue, so that later messages can proceed. */
  | { kind: "park"; reason: string };

/** Seconds. */
const FIRST_DELAY = 15;
const LONGEST_DELAY = 15 * 60;

/** SQS hides a message for at most 12 hours from its receipt. */
const LONGEST_WAIT = 11 * 60 * 60;

/** A failure with the delay that the forge requested. */
export interface FetchFailure extends Failure {
  /** Seconds. */
  retryAfter?: number;
}

/** Attempts for problems that rarely fix themselves: a forge may learn of a commit or token with a delay. */
export const PATIENCE = 3;

/**
 * Whether to retry. Outages and missing permissions are retried until the queue's own limit. Errors in the push or the
 * configuration are not: they would block later pushes of the branch for hours.
 *
 * A forge's requested delay is respected.
 *
 * @param receives how often the message was received, including now
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

/** Doubles each time, less up to a tenth. */
function delayOf(receives: number, messageId: string): number {
  const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (receives - 1));
  const spread = createHash("sha256").update(messageId).digest().readUInt32BE() / 2 ** 32;
  return Math.round(delay * (1 - spread / 10));
}

/** Any error of a fetch as a {@link Failure} for {@link decideRetry}. @param signal of the function's time limit */
export function judged(error: unknown, signal: AbortSignal): FetchFailure {
  if (signal.aborted) {
    return failure("SystemUnavailable", `not finished before the function's timeout: ${explain(error)}`, error);
  }
  if (isException(error, "Failure")) {
    return error as Failure;
  }
  return failure(typeOf(error), explain(error), error);
}

/** Unclassified errors may be transient: retry them as often as a missing commit. */
export function typeOf(error: unknown): Failure["type"] {
  const type = failureType(error);
  if (type !== "JobFailed" || isException(error, "Failure")) {
    return type;
  }
  return isBrokenOff(error) ? "SystemUnavailable" : "RevisionUnavailable";
}

/** Whether a connection broke off or its data could not be decoded. `fetch` has the code in the cause. */
function isBrokenOff(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return /^(UND_ERR_\w+|E[A-Z]+|Z_\w+)$/.test(code ?? cause?.code ?? "");
}
