import type { CloudEvent } from "../../cloud/events";
import type { Registration } from "../../monitor";
import type { ScenarioContext } from "../scenarioContext";

/**
 * A function's error log line as `group: message: cause`; undefined for anything else. Functions log JSON lines, and
 * many report a failure to the calling service instead of failing themselves.
 */
export function errorLine({ stacks }: ScenarioContext, event: CloudEvent): string | undefined {
  if (event.kind !== "log") return undefined;
  const { group } = event;
  if (!stacks.some(({ registrations }) => registrations.some((it) => logsTo(it, group)))) return undefined;
  const entry = parse(event.line);
  if (entry.level !== "error") return undefined;
  const cause = entry.cause ?? entry.reason;
  return `${event.group}: ${entry.message}${cause === undefined ? "" : `: ${cause}`}`;
}

/** Whether it is a function with this log group: tasks log their own errors. */
function logsTo({ type, inputs }: Registration, group: string): boolean {
  const { logGroup } = (inputs.loggingConfig ?? {}) as { logGroup?: string };
  return type === "aws:lambda/function:Function" && logGroup === group;
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // Lines of the runtime and of libraries are plain text.
    return {};
  }
}
