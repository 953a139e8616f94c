import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { EventBridgeEvent } from "aws-lambda";
import { releaseSlot } from "../pullRequests/slots";
import { moveRecord } from "../pullRequests/store";
import { clientSettings } from "../shared/clientSettings";
import { log } from "../shared/log";
import { endedAttempt, type TaskStateChange } from "./decision";

export interface PullRequestTasksOptions {
  /** The DynamoDB table of pull requests' records. */
  table: string;
}

export type TaskStateChangeEvent = EventBridgeEvent<"ECS Task State Change", TaskStateChange>;

/**
 * Called by EventBridge when a task has stopped. If it was a pull request's task and recorded no result, the record
 * becomes `failed` and ECS's message is logged, so that no record stays in progress after its task has died. Events may
 * arrive twice, and late: one for an attempt that has ended or was replaced changes nothing.
 *
 * Needs dynamodb:UpdateItem on the table.
 *
 * @throws DynamoDB's error if the update fails: Lambda then retries
 */
export function createPullRequestTasks(
  options: PullRequestTasksOptions,
): (event: TaskStateChangeEvent) => Promise<void> {
  const table = { dynamo: new DynamoDBClient(clientSettings(3, 5)), table: options.table };
  return async ({ detail: stopped }) => {
    const task = stopped.taskArn;
    const ended = endedAttempt(stopped);
    if (ended === undefined) {
      log("info", "the event is not the end of a pull request task", { task, status: stopped.lastStatus });
      return;
    }
    const { id, attempt, cause, detail, createdAt = Date.now() } = ended;
    await releaseSlot(table, id, createdAt);
    const failed = await moveRecord(table, { id, attempt }, "failed", { cause, task }, Date.now());
    if (failed) {
      log("error", "pull request failed", { id, attempt, task, cause, detail });
    } else {
      log("info", "the task's end did not change the record", { id, attempt, task });
    }
  };
}
