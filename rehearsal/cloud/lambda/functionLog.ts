import type {
  CreateLogGroupRequest,
  CreateLogStreamRequest,
  PutLogEventsRequest,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Cloud, Principal } from "../service";
import type { FunctionConfiguration } from "./configuration";

/** The log stream of one execution environment. */
export interface FunctionLog {
  readonly stream: string;
  write(line: string): void;
  /** Resolves when everything written has been sent. */
  sent(): Promise<void>;
}

/**
 * Writes a stream of the function's log group under the function's own role, as Lambda does. Without the permissions
 * the function still runs, but its lines are lost; the cause is reported in place of the first.
 */
export function createFunctionLog(cloud: Cloud, configuration: FunctionConfiguration): FunctionLog {
  const role: Principal = { kind: "role", arn: configuration.role };
  const group = configuration.logGroup;
  const date = new Date(cloud.clock.now()).toISOString().slice(0, 10).replaceAll("-", "/");
  const stream = `${date}/[$LATEST]${cloud.id(32)}`;
  let pending: { timestamp: number; message: string }[] = [];
  let sending: Promise<void> | undefined;
  let opened = false;
  let lost = false;

  async function open(): Promise<void> {
    const createStream = () =>
      cloud.call<CreateLogStreamRequest, object>(role, "logs", "CreateLogStream", {
        logGroupName: group,
        logStreamName: stream,
      });
    try {
      await createStream();
    } catch (error) {
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
      await cloud.call<CreateLogGroupRequest, object>(role, "logs", "CreateLogGroup", { logGroupName: group });
      await createStream();
    }
    opened = true;
  }

  async function send(): Promise<void> {
    while (pending.length > 0) {
      const logEvents = pending;
      pending = [];
      try {
        if (!opened) await open();
        await cloud.call<PutLogEventsRequest, object>(role, "logs", "PutLogEvents", {
          logGroupName: group,
          logStreamName: stream,
          logEvents,
        });
      } catch (error) {
        lost = true;
        pending = [];
        const line = `The log lines of ${configuration.name} are lost: ${(error as Error).message}`;
        cloud.tell({ kind: "log", group, stream, line });
      }
    }
    sending = undefined;
  }

  return {
    stream,
    write(line) {
      if (lost) return;
      // An event has at least one character: for an empty line, Lambda sends the newline.
      pending.push({ timestamp: Math.round(cloud.clock.now()), message: line || "\n" });
      sending ??= send();
    },
    sent: async () => sending,
  };
}
