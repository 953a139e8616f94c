import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { log } from "../shared/log";
import { type PushMessage, sendMessage } from "../shared/message";
import { abbreviate, subjectOf } from "../shared/notice";

export interface DroppedOptions {
  /** The FIFO queue of pushes. */
  queueUrl: string;
  /** The topic of notices. */
  topicArn: string;
  environment: string;
}

/**
 * Drops a push whose commit is not in the branch: enqueues the branch's head instead, and sends a notice.
 * @param head `undefined` if there is no branch
 * @throws the errors of SQS and SNS: the push is then retried
 */
export async function drop(
  { queue, sns }: { queue: SQSClient; sns: SNSClient },
  { queueUrl, topicArn, environment }: DroppedOptions,
  { before: _, ...push }: PushMessage,
  { reason, head }: { reason: string; head: string | undefined },
): Promise<void> {
  const { forge, repository, branch, application, commit, delivery } = push;
  if (head !== undefined) {
    const pushedAt = new Date().toISOString();
    await sendMessage(queue, queueUrl, { ...push, commit: head, delivery: `head-of-${delivery}`, pushedAt });
  }
  const headline = `${application} in ${environment}: ${abbreviate(commit)} not delivered`;
  const instead = head === undefined ? "There is no such branch." : `The branch's head ${head} is delivered instead.`;
  const message = [
    headline,
    "",
    `In ${repository} on ${forge}, ${reason}. ${instead}`,
    `The branch was ${head === undefined ? "deleted or renamed" : "reset to another commit"}, or the webhook named a commit of another branch or of a fork.`,
    "",
    `Delivery ID: ${delivery}`,
  ].join("\n");
  await sns.send(new PublishCommand({ TopicArn: topicArn, Subject: subjectOf(headline), Message: message }));
  log("warn", "fetch refused", { application, branch, commit, delivery, reason, head });
}
