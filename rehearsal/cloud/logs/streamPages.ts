import type { GetLogEventsRequest, GetLogEventsResponse } from "@aws-sdk/client-cloudwatch-logs";
import { awsError } from "../service";

/** What GetLogEvents gives where it is not told how much. */
const LIMIT = 10_000;

interface Line {
  timestamp: number;
  message: string;
}

/**
 * One page of a stream's lines, oldest first: the last ones, or those that a token leads to. Whoever has come to either end
 * gets the same token again.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
 */
export function pageOfStream(lines: Line[], request: GetLogEventsRequest): GetLogEventsResponse {
  for (const field of ["startTime", "endTime", "unmask"] as const)
    if (request[field] !== undefined)
      throw awsError("NotSimulated", `logs:GetLogEvents: ${field} is not simulated: leave it out.`, 501);
  const { limit = LIMIT, startFromHead = false, nextToken } = request;
  const [first, last] = boundsOf(lines.length, limit, nextToken ?? (startFromHead ? "f/0" : `b/${lines.length}`));
  return {
    events: lines.slice(first, last).map(({ timestamp, message }) => ({ timestamp, message })),
    nextBackwardToken: `b/${first}`,
    nextForwardToken: `f/${last}`,
  };
}

/** A token says from where on, and in which direction. */
function boundsOf(length: number, limit: number, token: string): [first: number, last: number] {
  const [, direction, position] = /^([bf])\/(\d+)$/.exec(token) ?? [];
  if (direction === undefined) throw awsError("InvalidParameterException", "The specified nextToken is invalid.");
  const at = Math.min(Number(position), length);
  return direction === "b" ? [Math.max(0, at - limit), at] : [at, Math.min(length, at + limit)];
}
