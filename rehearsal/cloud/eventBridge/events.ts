import { randomUUID } from "node:crypto";
import type { PutEventsRequestEntry, PutEventsResultEntry } from "@aws-sdk/client-eventbridge";
import type { Call, Cloud } from "../service";

/** An event as rules match it and targets receive it. */
export interface BusEvent {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  /** ISO 8601, in seconds. */
  time: string;
  region: string;
  resources: string[];
  detail: object;
}

const seconds = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** The event of a rule's schedule. */
export const scheduledEvent = ({ accountId, region }: Cloud, ruleArn: string, due: number): BusEvent => ({
  version: "0",
  id: randomUUID(),
  "detail-type": "Scheduled Event",
  source: "aws.events",
  account: accountId,
  time: seconds(due),
  region,
  resources: [ruleArn],
  detail: {},
});

/** The event of one PutEvents entry, or why EventBridge rejects it. */
export function readEntry(
  { accountId, region, clock }: Cloud,
  entry: PutEventsRequestEntry,
  { caller }: Pick<Call<object>, "caller">,
): { event: BusEvent } | { refused: PutEventsResultEntry } {
  const refuse = (ErrorCode: string, ErrorMessage: string) => ({ refused: { ErrorCode, ErrorMessage } });
  const { Source = "", DetailType = "", Detail = "", Resources = [], Time } = entry;
  for (const [field, value] of Object.entries({ Source, DetailType, Detail }))
    if (value === "")
      return refuse("InvalidArgument", `Parameter ${field} is not valid. Reason: ${field} is a required argument.`);
  const isService = caller.kind === "aws" || caller.kind === "service";
  if (Source.startsWith("aws.") && !isService)
    return refuse("NotAuthorizedForSourceException", "Not authorized for the source.");
  const detail = parseObject(Detail);
  if (detail === undefined) return refuse("MalformedDetail", "Detail is malformed.");
  return {
    event: {
      version: "0",
      id: randomUUID(),
      "detail-type": DetailType,
      source: Source,
      account: accountId,
      time: seconds(timeOf(Time) ?? clock.now()),
      region,
      resources: Resources,
      detail,
    },
  };
}

/** Services pass a Date, the SDK seconds since the epoch. */
const timeOf = (time: Date | number | undefined): number | undefined =>
  typeof time === "number" ? time * 1000 : time?.getTime();

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
