import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import { abbreviate, type Notice, subjectOf } from "../shared/notice";
import type { DeploymentProgress, DeploymentRecord } from "../shared/records/record";

/** The notice about a finished deployment by HTTP. */
export function noticeOf(
  { id, application, version, image }: DeploymentRecord,
  { state, summary, cause }: DeploymentProgress,
  environment: string,
): Notice {
  const headline = `${application} in ${environment}: deployment request for ${abbreviate(version)} ${state}`;
  const lines = [
    headline,
    "",
    `Version: ${version}`,
    `Image: ${image}`,
    `Deployment request: ${id}`,
    "",
    state === "succeeded" ? summary : cause,
  ];
  return { subject: subjectOf(headline), message: lines.join("\n") };
}

/** Needs sns:Publish on the topic. @throws SNS's error */
export async function publishNotice(sns: SNSClient, topicArn: string, { subject, message }: Notice): Promise<void> {
  await sns.send(new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: message }));
}
