import type { LogConfiguration } from "@aws-sdk/client-ecs";
import type { Cloud, Principal } from "../service";

export interface LogStream {
  write(line: string): void;
  /** Resolves when all lines are delivered or rejected. */
  flush(): Promise<void>;
}

const NO_LOG: LogStream = { write: () => {}, flush: async () => {} };

/**
 * Opens a container's log like the awslogs driver: the stream is `prefix/container/task id`.
 * @throws if the stream cannot be created, with the text that follows ResourceInitializationError
 */
export async function openLog(
  cloud: Cloud,
  role: Principal,
  configuration: LogConfiguration | undefined,
  container: string,
  taskId: string,
): Promise<LogStream> {
  if (configuration === undefined) return NO_LOG;
  const options = configuration.options ?? {};
  const logGroupName = options["awslogs-group"] ?? "";
  const logStreamName = `${options["awslogs-stream-prefix"]}/${container}/${taskId}`;
  const ask = (operation: string, input: object) => cloud.call(role, "logs", operation, { logGroupName, ...input });
  try {
    if (options["awslogs-create-group"] === "true")
      await ask("CreateLogGroup", {}).catch((error) => {
        if (error.name !== "ResourceAlreadyExistsException") throw error;
      });
    await ask("CreateLogStream", { logStreamName });
  } catch (error) {
    const cause = error instanceof Error ? `${error.name}: ${error.message}` : error;
    throw new Error(
      `failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${cause}`,
      { cause: error },
    );
  }

  let pending: { timestamp: number; message: string }[] = [];
  let delivering = Promise.resolve();

  async function deliver(): Promise<void> {
    if (pending.length === 0) return;
    const logEvents = pending;
    pending = [];
    // The driver loses lines that it may not deliver, and the container does not notice; the account has recorded the
    // denial.
    await ask("PutLogEvents", { logStreamName, logEvents }).catch(() => {});
  }

  return {
    write(message) {
      // Docker's driver sends no event for an empty line: PutLogEvents would reject it.
      if (message === "") return;
      pending.push({ timestamp: Math.round(cloud.clock.now()), message });
      delivering = delivering.then(deliver);
    },
    flush: () => delivering,
  };
}
