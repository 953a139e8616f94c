import type {
  CreateLogGroupRequest,
  CreateLogStreamRequest,
  DescribeLogGroupsRequest,
  DescribeLogGroupsResponse,
  FilterLogEventsRequest,
  FilterLogEventsResponse,
  GetLogEventsRequest,
  GetLogEventsResponse,
  PutLogEventsRequest,
  PutLogEventsResponse,
} from "@aws-sdk/client-cloudwatch-logs";
import type { LogGroupArgs } from "@pulumi/aws/cloudwatch/logGroup";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { pageOfStream } from "./logs/streamPages";
import { awsError, type Cloud, type Declaration, operation, type Service } from "./service";

interface LogEvent {
  id: string;
  stream: string;
  timestamp: number;
  message: string;
}

interface LogGroup {
  arn: string;
  streams: Set<string>;
  events: LogEvent[];
  /** Days; forever if absent. Nothing here lives that long. */
  retentionInDays?: number;
}

// PutRetentionPolicy's allowed values; the provider's 0 is "never expire".
const RETENTIONS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const LOG_GROUP_INPUTS: (keyof LogGroupArgs)[] = [
  "name",
  "retentionInDays",
  "logGroupClass",
  "deletionProtectionEnabled",
  "skipDestroy",
  "tags",
  "region",
];

/** Amazon CloudWatch Logs: groups and streams, with lines kept in memory and reported as they arrive. */
export function createLogs(cloud: Cloud): Service {
  const groups = new Map<string, LogGroup>();

  const groupArn = (name: string | undefined) => cloud.arn("logs", `log-group:${name}`);
  // AWS authorises a stream's ARN, with an empty name if the operation names no stream: hence the `:*` after the
  // group's ARN in policies. prowler#37 has AWS's message.
  const streamArn = (input: { logGroupName?: string | undefined; logStreamName?: string | undefined }) =>
    `${groupArn(input.logGroupName ?? "")}:log-stream:${input.logStreamName ?? ""}`;

  function createGroup(name: string, retentionInDays?: number): LogGroup {
    if (groups.has(name))
      throw awsError("ResourceAlreadyExistsException", `The specified log group already exists: ${name}`);
    const group = {
      arn: groupArn(name),
      streams: new Set<string>(),
      events: [],
      retentionInDays,
    };
    groups.set(name, group);
    return group;
  }

  function groupOf(name: string | undefined): LogGroup {
    const group = groups.get(name ?? "");
    if (group === undefined)
      throw awsError("ResourceNotFoundException", `The specified log group does not exist: ${name}`);
    return group;
  }

  function declare(declaration: Declaration) {
    const inputs = inputsOf<Unwrap<LogGroupArgs>>(declaration, LOG_GROUP_INPUTS);
    const name = cloud.physicalName(declaration, inputs.name);
    const retentionInDays = inputs.retentionInDays ?? 0;
    if (!RETENTIONS.includes(retentionInDays))
      throw awsError(
        "InvalidParameterException",
        `Log group ${name}: retentionInDays ${retentionInDays} is none of ${RETENTIONS.join(", ")}.`,
      );
    const { arn } = createGroup(name, retentionInDays || undefined);
    return { id: name, outputs: { arn, name } };
  }

  function put({ logGroupName, logStreamName = "", logEvents = [] }: PutLogEventsRequest): PutLogEventsResponse {
    const group = groupOf(logGroupName);
    if (!group.streams.has(logStreamName))
      throw awsError("ResourceNotFoundException", `The specified log stream does not exist: ${logStreamName}`);
    for (const { message = "", timestamp = 0 } of logEvents) {
      group.events.push({ id: cloud.id(56), stream: logStreamName, timestamp, message });
      cloud.tell({ kind: "log", group: logGroupName ?? "", stream: logStreamName, line: message });
    }
    return {};
  }

  function readStream(request: GetLogEventsRequest): GetLogEventsResponse {
    const { events, streams } = groupOf(request.logGroupName);
    if (!streams.has(request.logStreamName ?? ""))
      throw awsError("ResourceNotFoundException", "The specified log stream does not exist.");
    return pageOfStream(
      events.filter((it) => it.stream === request.logStreamName),
      request,
      cloud.consistency,
    );
  }

  return {
    name: "logs",
    resources: { "aws:cloudwatch/logGroup:LogGroup": declare },
    operations: {
      CreateLogGroup: operation<CreateLogGroupRequest, object>({
        permissions: ({ logGroupName }) => [{ action: "logs:CreateLogGroup", resource: streamArn({ logGroupName }) }],
        perform({ logGroupName = "" }) {
          createGroup(logGroupName);
          return {};
        },
      }),
      CreateLogStream: operation<CreateLogStreamRequest, object>({
        permissions: (input) => [{ action: "logs:CreateLogStream", resource: streamArn(input) }],
        perform({ logGroupName, logStreamName = "" }) {
          const { streams } = groupOf(logGroupName);
          if (streams.has(logStreamName))
            throw awsError(
              "ResourceAlreadyExistsException",
              `The specified log stream already exists: ${logStreamName}`,
            );
          streams.add(logStreamName);
          return {};
        },
      }),
      PutLogEvents: operation<PutLogEventsRequest, PutLogEventsResponse>({
        permissions: (input) => [{ action: "logs:PutLogEvents", resource: streamArn(input) }],
        perform: put,
      }),
      GetLogEvents: operation<GetLogEventsRequest, GetLogEventsResponse>({
        permissions: (input) => [{ action: "logs:GetLogEvents", resource: streamArn(input) }],
        perform: readStream,
      }),
      DescribeLogGroups: operation<DescribeLogGroupsRequest, DescribeLogGroupsResponse>({
        permissions: () => [{ action: "logs:DescribeLogGroups", resource: "*" }],
        perform: ({ logGroupNamePrefix = "" }) => ({
          logGroups: [...groups]
            .filter(([name]) => name.startsWith(logGroupNamePrefix))
            .map(([logGroupName, { arn, retentionInDays }]) => ({ logGroupName, logGroupArn: arn, retentionInDays })),
        }),
      }),
      // As in a group's console: all lines of all streams, in order of arrival.
      FilterLogEvents: operation<FilterLogEventsRequest, FilterLogEventsResponse>({
        permissions: ({ logGroupName }) => [{ action: "logs:FilterLogEvents", resource: streamArn({ logGroupName }) }],
        perform: (input) => filter(groupOf(input.logGroupName), input, cloud.consistency),
      }),
    },
  };
}

/** All lines in one page, possibly after empty ones. */
function filter(
  { events }: LogGroup,
  input: FilterLogEventsRequest,
  { emptyPage }: Cloud["consistency"],
): FilterLogEventsResponse {
  for (const field of ["filterPattern", "logStreamNamePrefix", "limit"] as const)
    if (input[field] !== undefined)
      throw awsError("NotSimulated", `logs:FilterLogEvents: ${field} is not simulated: leave it out.`, 501);
  const { logStreamNames, startTime = 0, endTime = Number.POSITIVE_INFINITY, nextToken = "0" } = input;
  if (!/^\d+$/.test(nextToken)) throw awsError("InvalidParameterException", "The specified nextToken is invalid.");
  if (emptyPage()) return { events: [], nextToken: String(Number(nextToken) + 1) };
  return {
    events: events
      .filter((it) => it.timestamp >= startTime && it.timestamp < endTime)
      .filter((it) => logStreamNames === undefined || logStreamNames.includes(it.stream))
      .map(({ id, stream, timestamp, message }) => ({ eventId: id, logStreamName: stream, timestamp, message })),
  };
}
