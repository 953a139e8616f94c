import type { GetLogEventsRequest, GetLogEventsResponse } from "@aws-sdk/client-cloudwatch-logs";
import type { Consistency } from "../consistency";
import { awsError } from "../service";

/** GetLogEvents' default limit. */
const LIMIT = 10_000;

interface Line {
  timestamp: number;
  message: string;
}

/**
 * One page of a stream's lines, oldest first: the last ones, or those at a token. At either end of the stream, the
 * token stays the same. A page may be empty before that, with a new token for the same place.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
 */
export function pageOfStream(
  lines: Line[],
  request: GetLogEventsRequest,
  { emptyPage }: Pick<Consistency, "emptyPage">,
): GetLogEventsResponse {
  for (const field of ["startTime", "endTime", "unmask"] as const)
    if (request[field] !== undefined)
      throw awsError("NotSimulated", `logs:GetLogEvents: ${field} is not simulated: leave it out.`, 501);
  const { limit = LIMIT, startFromHead = false, nextToken } = request;
  const token = nextToken ?? (startFromHead ? "f/0" : `b/${lines.length}`);
  const [first, last] = boundsOf(lines.length, limit, token);
  if (first < last && emptyPage()) {
    const [, , position, pages = "0"] = TOKEN.exec(token) ?? [];
    const again = `${position}/${Number(pages) + 1}`;
    return { events: [], nextBackwardToken: `b/${again}`, nextForwardToken: `f/${again}` };
  }
  return {
    events: lines.slice(first, last).map(({ timestamp, message }) => ({ timestamp, message })),
    nextBackwardToken: `b/${first}`,
    nextForwardToken: `f/${last}`,
  };
}

/** Direction, position, and number of empty pages so far. */
const TOKEN = /^([bf])\/(\d+)(?:\/(\d+))?$/;

function boundsOf(length: number, limit: number, token: string): [first: number, last: number] {
  const [, direction, position] = TOKEN.exec(token) ?? [];
  if (direction === undefined) throw awsError("InvalidParameterException", "The specified nextToken is invalid.");
  const at = Math.min(Number(position), length);
  return direction === "b" ? [Math.max(0, at - limit), at] : [at, Math.min(length, at + limit)];
}
