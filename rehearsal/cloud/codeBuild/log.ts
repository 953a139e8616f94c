import type { PutLogEventsRequest } from "@aws-sdk/client-cloudwatch-logs";
import { awsError, type Cloud, type Principal } from "../service";

/** Per request. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const mostEvents = 10_000;

/** Where a build's lines go. */
export interface BuildLog {
  line(text: string): void;
  /** Masks a value in later lines, as CodeBuild masks secrets. */
  mask(secret: string): void;
  /** Resolves when all lines have arrived. @throws AwsError ACCESS_DENIED if the role may not put events */
  end(): Promise<void>;
}

/**
 * Opens a stream under the build's role; creates the group if it does not exist.
 * @throws AwsError ACCESS_DENIED with CodeBuild's message if the role may not
 */
export async function openLog(
  cloud: Cloud,
  role: Principal & { kind: "role" },
  build: { arn: string; group: string; stream: string },
): Promise<BuildLog> {
  const logGroupName = build.group;
  const logStreamName = build.stream;
  const call = (operation: string, input: object) => cloud.call(role, "logs", operation, input);
  try {
    await createStream();
  } catch (error) {
    const { message } = error as Error;
    throw awsError(
      "ACCESS_DENIED",
      `Service role ${role.arn} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build ` +
        `${build.arn}. Error message: ${message}`,
    );
  }

  async function createStream(): Promise<void> {
    try {
      await call("CreateLogStream", { logGroupName, logStreamName });
    } catch (error) {
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
      await call("CreateLogGroup", { logGroupName });
      await call("CreateLogStream", { logGroupName, logStreamName });
    }
  }

  const secrets: string[] = [];
  const waiting: NonNullable<PutLogEventsRequest["logEvents"]> = [];
  let sending: Promise<void> | undefined;
  let failure: Error | undefined;

  /** One request at a time: lines that arrive meanwhile go with the next. */
  async function send(): Promise<void> {
    while (waiting.length > 0 && failure === undefined) {
      const logEvents = waiting.splice(0, mostEvents);
      await call("PutLogEvents", { logGroupName, logStreamName, logEvents }).catch((error: Error) => {
        failure = awsError("ACCESS_DENIED", error.message);
      });
    }
    sending = undefined;
  }

  return {
    mask(secret) {
      if (secret !== "") secrets.push(secret);
    },
    line(text) {
      const masked = secrets.reduce((line, secret) => line.replaceAll(secret, "***"), text);
      // An event has at least one character: for an empty line, CodeBuild sends the newline.
      for (const line of masked.split("\n"))
        waiting.push({ timestamp: Math.round(cloud.clock.now()), message: line || "\n" });
      sending ??= send();
    },
    async end() {
      await sending;
      if (failure !== undefined) throw failure;
    },
  };
}
