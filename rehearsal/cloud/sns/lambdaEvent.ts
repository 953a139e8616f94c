import type { SNSEvent } from "aws-lambda";
import type { Cloud } from "../service";
import type { PublishRequest } from "./publish";

/**
 * SNS's event for a function: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html Not signed: only the account
 * itself can send one here.
 */
export function lambdaEvent(
  cloud: Cloud,
  subscriptionArn: string,
  messageId: string,
  { TopicArn, Subject, Message }: PublishRequest,
): SNSEvent {
  const host = `https://sns.${cloud.region}.${cloud.dnsSuffix}`;
  return {
    Records: [
      {
        EventSource: "aws:sns",
        EventVersion: "1.0",
        EventSubscriptionArn: subscriptionArn,
        Sns: {
          Type: "Notification",
          MessageId: messageId,
          TopicArn,
          // SNS sends null if there is none, despite its type declarations.
          Subject: Subject ?? (null as unknown as undefined),
          Message,
          Timestamp: new Date(cloud.clock.now()).toISOString(),
          SignatureVersion: "1",
          Signature: "",
          SigningCertUrl: `${host}/SimpleNotificationService-${cloud.id(32)}.pem`,
          UnsubscribeUrl: `${host}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`,
          MessageAttributes: {},
        },
      },
    ],
  };
}
