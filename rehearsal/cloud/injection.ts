import { isDeepStrictEqual } from "node:util";
import { type AwsError, awsError, type Sender } from "./service";

/** What can go wrong with a call. docs/faults.md explains each kind. */
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

/** A call as the account receives it. */
export interface ArrivingCall {
  /** ARN of the role, or name of the calling service. */
  principal: string;
  service: string;
  operation: string;
  input: object;
  /** Shared by all of an SDK's attempts of one call. Absent if a simulated AWS service makes it. */
  invocation?: string | undefined;
  /** Absent if a simulated AWS service makes the call. */
  sender?: Sender | undefined;
  /** Whether an answer of an earlier state is known, so that a stale read would differ from a fresh one. */
  hasEarlierAnswer: boolean;
}

/** A fault applied to a call. */
export interface Injected {
  kind: FaultKind;
  /** Called once the fault has taken effect. */
  fired(): void;
}

/** Decides which calls get a fault. */
export interface Injector {
  faultOf(call: ArrivingCall): Injected | undefined;
  /** Called after every performed call, before its response is sent. */
  performed?(call: ArrivingCall): void;
}

/** A minute: later than most effects of the first delivery. */
const LATE = 60_000;

/** The connection ends without a response. The endpoint closes its socket. */
export interface ConnectionLost extends Error {
  connectionLost: true;
}

export const isConnectionLost = (error: unknown): error is ConnectionLost =>
  error instanceof Error && "connectionLost" in error;

/** Whether an error was injected rather than returned by a service of the account. */
export const isInjected = (error: unknown): boolean => error instanceof Error && "injected" in error;

const injected = <E extends Error>(error: E): E => Object.assign(error, { injected: true as const });

/** A service calling on its own behalf has no connection to lose: it gets an error as between AWS's services. */
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
 * @param perform the call without the fault
 * @param performStale the call as a read of the state before the latest write; undefined if that is the same
 * @throws the caller's error, or {@link ConnectionLost}
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

/** Earlier answers of reads. */
export interface EarlierAnswers {
  note(service: string, operation: string, input: object, answer: object | undefined): void;
  /** The last answer to the same request that differs from the present one. */
  of(service: string, operation: string, input: object): object | undefined;
}

// S3 is strongly consistent, ECS has its own stale views, and DynamoDB lets reads request consistency.
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
