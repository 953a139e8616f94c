import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import type { EventBridgeEvent, ScheduledEvent } from "aws-lambda";
import { clientSettings } from "../shared/clientSettings";
import { log } from "../shared/log";
import type { Notice } from "../shared/notice";
import { type EndedTask, noticeOfEnd } from "./ended";
import type { ScheduledTasksContext, ScheduledTasksOptions } from "./options";
import { findUnstarted, noticeOfUnstarted } from "./unstarted";

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html */
export type TaskStateEvent = EventBridgeEvent<"ECS Task State Change", EndedTask>;

/**
 * Publishes a notice for each scheduled task that failed or did not start. EventBridge calls it:
 * - when a scheduled task has stopped: if it did not exit with 0, its failure is reported with the reason;
 * - every ten minutes: a schedule that was due and started no task is reported. If RunTask answers with `failures`,
 *   EventBridge counts that as success, so there is no retry, no dead-letter message, and no FailedInvocations. So this
 *   compares how often a rule was triggered with the tasks that it started.
 *
 * Needs:
 * - events:ListRules on *
 * - cloudwatch:GetMetricData on *
 * - ecs:ListTasks on *, with ecs:cluster, and ecs:DescribeTasks on the cluster's tasks
 * - sns:Publish on the topic
 *
 * @throws AWS's error, so that Lambda retries
 */
export function createScheduledTasks(
  options: ScheduledTasksOptions,
): (event: TaskStateEvent | ScheduledEvent) => Promise<void> {
  const context: ScheduledTasksContext = {
    cloudWatch: new CloudWatchClient(clientSettings(5, 10)),
    ecs: new ECSClient(clientSettings(5, 10)),
    events: new EventBridgeClient(clientSettings(5, 10)),
    options,
  };
  const topics = new SNSClient(clientSettings(5, 10));
  return async (event) => {
    for (const { subject, message } of await noticesOf(context, event)) {
      await topics.send(new PublishCommand({ TopicArn: options.topicArn, Subject: subject, Message: message }));
      log("info", "notice published", { subject });
    }
  };
}

async function noticesOf(context: ScheduledTasksContext, event: TaskStateEvent | ScheduledEvent): Promise<Notice[]> {
  if (event["detail-type"] === "ECS Task State Change") {
    const notice = noticeOfEnd(context.options, event.detail);
    return notice === undefined ? [] : [notice];
  }
  const unstarted = await findUnstarted(context, new Date(event.time));
  return unstarted.map((it) => noticeOfUnstarted(context.options, it));
}
