import type { FailureType } from "@aws-sdk/client-codepipeline";

/** An error with CodePipeline's failure type: whose fault it is. */
export interface Failure extends Error {
  type: FailureType;
}

/**
 * Creates a {@link Failure}. Not a class: a class that extends Error loses its message, its stack and its prototype
 * when Pulumi serialises it.
 */
export function failure(type: FailureType, message: string, cause?: unknown): Failure {
  return Object.assign(new Error(message, { cause }), { name: "Failure", type });
}

/** The error as one line for a person: `AccessDeniedException: User … is not authorized to …`. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  // `fetch` says only "fetch failed"; the reason is in its cause.
  const detail = error.cause instanceof Error && error.name !== "Failure" ? ` (${explain(error.cause)})` : "";
  const name = error.name === "Failure" || error.name === "Error" ? "" : `${error.name}: `;
  return `${name}${error.message || "no message"}${detail}`;
}

/** Whether the error is an AWS exception with one of these names. */
export function isException(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Whether a retry may succeed: after throttling, an outage, or a broken connection. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) {
    return false;
  }
  const { $retryable, $metadata, code } = error as Error & {
    $retryable?: object;
    $metadata?: { httpStatusCode?: number };
    code?: string;
  };
  return (
    $retryable !== undefined ||
    ($metadata?.httpStatusCode ?? 0) >= 500 ||
    /Throttl|ThroughputExceeded|RequestLimitExceeded|TooManyRequests|TimeoutError|RequestTimeout|ServiceUnavailable/.test(
      error.name,
    ) ||
    isConcurrentRegistration(error) ||
    /^(ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/.test(code ?? "")
  );
}

/** ECS registers one revision of a family at a time, and throws a ClientException although it is transient. */
function isConcurrentRegistration({ name, message }: Error): boolean {
  return name === "ClientException" && message.includes("Too many concurrent attempts to create a new revision");
}

/** The CodePipeline failure type that an error maps to. */
export function failureType(error: unknown): FailureType {
  if (isException(error, "Failure")) {
    return (error as Failure).type;
  }
  if (isException(error, "AccessDeniedException", "AccessDenied", "UnauthorizedException")) {
    return "PermissionError";
  }
  return isTransient(error) ? "SystemUnavailable" : "JobFailed";
}
