import type { Cloud } from "../service";
import type { Queue } from "./queue";

const accounts = new WeakMap<Cloud, Map<string, Queue>>();

/** An account's queues, by ARN. SQS publishes its metrics from them: no operation returns a message's age. */
export function queuesOf(cloud: Cloud): Map<string, Queue> {
  const queues = accounts.get(cloud) ?? new Map<string, Queue>();
  accounts.set(cloud, queues);
  return queues;
}
