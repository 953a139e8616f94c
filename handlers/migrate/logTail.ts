import { type CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { shorten } from "../shared/codePipelineJob";
import { explain } from "../shared/failure";

const LINES = 20;
/** Longest line, in characters, to leave room for the others. */
const LINE = 500;
/** CloudWatch Logs may return empty pages before one with events. */
const PAGES = 5;

export interface LogStream {
  logGroup: string;
  logStream: string;
}

/**
 * The end of a log, for a message about another failure: errors are returned as text.
 * @param room maximum length in characters
 */
export async function logTail(logs: CloudWatchLogsClient, stream: LogStream, room: number): Promise<string> {
  const where = `log ${stream.logGroup} ${stream.logStream}`;
  let lines: string[];
  try {
    lines = await lastLines(logs, stream);
  } catch (error) {
    return shorten(`Its ${where} cannot be read: ${explain(error)}`, room);
  }
  if (lines.length === 0) {
    return shorten(`Its ${where} is empty`, room);
  }
  const title = `The end of its ${where}:`;
  return [title, ...fitting(lines, room - title.length)].join("\n");
}

async function lastLines(logs: CloudWatchLogsClient, { logGroup, logStream }: LogStream): Promise<string[]> {
  let nextToken: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const { events, nextBackwardToken } = await logs.send(
      new GetLogEventsCommand({
        logGroupName: logGroup,
        logStreamName: logStream,
        limit: LINES,
        ...(nextToken !== undefined && { nextToken }),
      }),
    );
    if (events !== undefined && events.length > 0) {
      return events.slice(-LINES).map(({ message }) => shorten(plain(message ?? ""), LINE));
    }
    // The same token again marks the stream's beginning.
    if (nextBackwardToken === undefined || nextBackwardToken === nextToken) {
      break;
    }
    nextToken = nextBackwardToken;
  }
  return [];
}

/** Removes colours and other control characters, which a console would show as text. */
function plain(line: string): string {
  return line
    .replace(/\p{Cc}\[[\d;]*[A-Za-z]/gu, "")
    .replace(/\p{Cc}/gu, " ")
    .trimEnd();
}

/** The last lines that fit, each with its line break. */
function fitting(lines: string[], room: number): string[] {
  let used = 0;
  let first = lines.length;
  while (first > 0) {
    used += 1 + (lines[first - 1] ?? "").length;
    if (used > room) {
      break;
    }
    first -= 1;
  }
  return lines.slice(first);
}
