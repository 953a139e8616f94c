import { isDeepStrictEqual } from "node:util";
import { type AwsError, awsError, type Sender } from "./service";

/** What can go wrong with one call. docs/faults.md says what each kind means. */
export const FAULT_KINDS = [
  "throttle",
  "500",
  "denied",
  "reset",
  "answer-lost",
  "kill-before",
  "kill-after",
  "twice",
  "twice-late",
  "stale-read",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** A call as it arrives at the account. */
export interface ArrivingCall {
  /** ARN of the role, or the name of the service that calls. */
  principal: string;
  service: string;
  operation: string;
  input: object;
  /** Shared by all attempts that an SDK makes of one call. Absent if a simulated AWS service makes it. */
  invocation?: string | undefined;
  /** Absent if a simulated AWS service makes the call. */
  sender?: Sender | undefined;
  /** Whether an answer of an earlier state is known, so that a stale read differs from a fresh one. */
  hasEarlierAnswer: boolean;
}

/** A fault that a call meets. */
export interface Injected {
  kind: FaultKind;
  /** Called once the fault has had its effect. */
  fired(): void;
}

/** Decides which calls meet a fault. */
export interface Injector {
  faultOf(call: ArrivingCall): Injected | undefined;
  /** Called after every call that was performed, before its response is sent. */
  performed?(call: ArrivingCall): void;
}

/** A minute: after most of what the first delivery sets off. */
const LATE = 60_000;

/** The connection ends without an answer. The endpoint closes its socket. */
export interface ConnectionLost extends Error {
  connectionLost: true;
}

export const isConnectionLost = (error: unknown): error is ConnectionLost =>
  error instanceof Error && "connectionLost" in error;

/** Whether an error was injected: no service of the account has answered it. */
export const isInjected = (error: unknown): boolean => error instanceof Error && "injected" in error;

const injected = <E extends Error>(error: E): E => Object.assign(error, { injected: true as const });

/** A service that calls on its own behalf has no connection to lose: it gets what AWS's services answer one another. */
function lost(call: ArrivingCall): Error {
  return call.sender === undefined
    ? injected(awsError("InternalFailure", "Injected fault: the answer was lost.", 500))
    : injected(Object.assign(new Error("Injected fault: the connection was lost."), { connectionLost: true as const }));
}

function answerOf(kind: "throttle" | "500" | "denied", { principal, service, operation }: ArrivingCall): AwsError {
  if (kind === "denied")
    return awsError(
      "AccessDeniedException",
      `Injected fault: ${principal} is not authorized to perform: ${service}:${operation}`,
      service === "s3" ? 403 : 400,
    );
  const [code, status] =
    kind === "throttle"
      ? service === "s3"
        ? ["SlowDown", 503]
        : ["ThrottlingException", 400]
      : [service === "s3" ? "InternalError" : "InternalFailure", 500];
  return awsError(
    String(code),
    `Injected fault: ${kind === "throttle" ? "Rate exceeded" : "internal error"}.`,
    Number(status),
  );
}

/**
 * Performs a call under a fault.
 * @param perform the call as it is without the fault
 * @param performStale the call as a read that shows what was before the latest write; undefined if it shows nothing else
 * @throws the error that the caller gets, or {@link ConnectionLost}
 */
export async function performUnder<O>(
  { kind, fired }: Injected,
  call: ArrivingCall,
  perform: () => Promise<O>,
  performStale: () => Promise<{ output: O } | undefined>,
): Promise<O> {
  const { sender } = call;
  switch (kind) {
    case "throttle":
    case "500":
    case "denied":
      fired();
      throw injected(answerOf(kind, call));
    case "reset":
      fired();
      throw lost(call);
    case "answer-lost":
      fired();
      await perform().catch(() => undefined);
      throw lost(call);
    case "kill-before":
    case "kill-after":
      if (sender === undefined) return perform();
      fired();
      if (kind === "kill-after") await perform().catch(() => undefined);
      sender.kill();
      throw lost(call);
    case "twice":
    case "twice-late":
      if (sender?.redeliver === undefined) return perform();
      fired();
      sender.redeliver(kind === "twice" ? 0 : LATE);
      return perform();
    case "stale-read": {
      const stale = await performStale();
      if (stale === undefined) return perform();
      fired();
      return stale.output;
    }
  }
}

/** The answers that reads have had before the present one. */
export interface EarlierAnswers {
  note(service: string, operation: string, input: object, answer: object | undefined): void;
  /** The last answer to the same request that differed from the present one. */
  of(service: string, operation: string, input: object): object | undefined;
}

// S3 is strongly consistent, ECS has views of its own, and DynamoDB is asked for consistent reads where it says so.
const READ = /^(events|dynamodb|ecr|codepipeline|logs) (Describe|List|Get|BatchGet|Query|Filter)/;

export function createEarlierAnswers(): EarlierAnswers {
  const known = new Map<string, { latest: object; earlier?: object }>();

  function keyOf(service: string, operation: string, input: object): string | undefined {
    const isStrong = "ConsistentRead" in input && input.ConsistentRead === true;
    if (isStrong || !READ.test(`${service} ${operation}`)) return undefined;
    return `${service} ${operation} ${JSON.stringify(input)}`;
  }

  return {
    note(service, operation, input, answer) {
      const key = keyOf(service, operation, input);
      if (key === undefined || answer === undefined) return;
      const { latest, earlier } = known.get(key) ?? {};
      if (latest === undefined) known.set(key, { latest: answer });
      else if (!isDeepStrictEqual(latest, answer)) known.set(key, { latest: answer, earlier: latest });
      else if (earlier === undefined) known.set(key, { latest });
    },
    of(service, operation, input) {
      const key = keyOf(service, operation, input);
      return key === undefined ? undefined : known.get(key)?.earlier;
    },
  };
}
