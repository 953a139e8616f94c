import type { TopicArgs } from "@pulumi/aws/sns/topic";
import type { TopicPolicyArgs } from "@pulumi/aws/sns/topicPolicy";
import type { TopicSubscriptionArgs } from "@pulumi/aws/sns/topicSubscription";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import {
  awsError,
  type Cloud,
  type Created,
  type Declaration,
  operation,
  type PolicyDocument,
  type Service,
} from "./service";

/** A message as a subscriber got it. */
export interface Delivery {
  topicArn: string;
  protocol: string;
  endpoint: string;
  subject?: string;
  message: string;
}

export interface Sns extends Service {
  /** Everything that was delivered, in order. */
  readonly deliveries: readonly Delivery[];
}

export interface PublishRequest {
  TopicArn: string;
  Subject?: string;
  Message: string;
}

interface Topic {
  arn: string;
  policy: PolicyDocument;
  subscriptions: { protocol: string; endpoint: string }[];
}

/** Amazon SNS: topics whose e-mail subscriptions, taken as confirmed, deliver into a list. */
export function createSns(cloud: Cloud): Sns {
  const topics = new Map<string, Topic>();
  const deliveries: Delivery[] = [];

  function find(arn: string): Topic {
    const topic = topics.get(arn);
    if (topic === undefined) throw awsError("NotFoundException", `Topic does not exist: ${arn}`, 404);
    return topic;
  }

  function createTopic(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<TopicArgs>>(declaration, ["name", "displayName", "policy", "tags", "region"]);
    const name = cloud.physicalName(declaration, inputs.name);
    const arn = cloud.arn("sns", name);
    if (topics.has(arn)) throw awsError("InvalidParameter", `Invalid parameter: the topic ${name} exists already.`);
    const policy = inputs.policy === undefined ? defaultPolicy(cloud, arn) : parse(inputs.policy);
    topics.set(arn, { arn, policy, subscriptions: [] });
    return { id: arn, outputs: { arn, name, owner: cloud.accountId } };
  }

  function setPolicy(declaration: Declaration): Created {
    const { arn, policy } = inputsOf<Unwrap<TopicPolicyArgs>>(declaration, ["arn", "policy", "region"]);
    find(arn).policy = parse(policy);
    return { id: arn, outputs: { owner: cloud.accountId } };
  }

  function subscribe(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<TopicSubscriptionArgs>>(declaration, ["topic", "protocol", "endpoint", "region"]);
    const { protocol, endpoint } = inputs;
    if (protocol !== "email" && protocol !== "email-json")
      throw new Error(`${declaration.urn}: the protocol ${protocol} is not simulated: only email is.`);
    const topic = find(String(inputs.topic));
    topic.subscriptions.push({ protocol, endpoint });
    const arn = `${topic.arn}:${cloud.id(32)}`;
    return { id: arn, outputs: { arn, ownerId: cloud.accountId, pendingConfirmation: false } };
  }

  return {
    name: "sns",
    deliveries,
    resources: {
      "aws:sns/topic:Topic": createTopic,
      "aws:sns/topicPolicy:TopicPolicy": setPolicy,
      "aws:sns/topicSubscription:TopicSubscription": subscribe,
    },
    policyOf: (arn) => topics.get(arn)?.policy,
    operations: {
      Publish: operation<PublishRequest, { MessageId: string }>({
        permissions: ({ TopicArn }) => [{ action: "sns:Publish", resource: TopicArn }],
        perform({ TopicArn, Subject, Message }) {
          for (const { protocol, endpoint } of find(TopicArn).subscriptions)
            deliveries.push({ topicArn: TopicArn, protocol, endpoint, subject: Subject, message: Message });
          return { MessageId: cloud.id(32) };
        },
      }),
    },
  };
}

const parse = (policy: string | object): PolicyDocument =>
  typeof policy === "string" ? JSON.parse(policy) : (policy as PolicyDocument);

/** What SNS attaches to a new topic: whoever acts for the account that owns it may publish. */
const defaultPolicy = (cloud: Cloud, topicArn: string): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "__default_statement_ID",
      Effect: "Allow",
      Principal: "*",
      Action: ["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes"],
      Resource: topicArn,
      Condition: { StringEquals: { "aws:SourceAccount": cloud.accountId } },
    },
  ],
});
