import type { PutEventsCommandInput, PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { operation, type Service } from "../../../../rehearsal/cloud/service";

/** A default bus that keeps what is put on it, for the test to read. */
export function createBus() {
  const entries: PutEventsRequestEntry[] = [];
  const create = (): Service => ({
    name: "events",
    resources: {},
    operations: {
      PutEvents: operation<PutEventsCommandInput, object>({
        permissions: () => [{ action: "events:PutEvents", resource: "*" }],
        perform({ Entries = [] }) {
          entries.push(...Entries);
          return { FailedEntryCount: 0 };
        },
      }),
    },
  });
  /** The events of a type, without what every event has. */
  const detailsOf = (detailType: string) =>
    entries.filter((it) => it.DetailType === detailType).map((it) => JSON.parse(it.Detail ?? ""));
  return { create, entries, detailsOf };
}
