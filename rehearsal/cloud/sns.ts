import { randomUUID } from "node:crypto";
import type { InvocationRequest, InvocationResponse } from "@aws-sdk/client-lambda";
import type { TopicArgs } from "@pulumi/aws/sns/topic";
import type { TopicPolicyArgs } from "@pulumi/aws/sns/topicPolicy";
import type { TopicSubscriptionArgs } from "@pulumi/aws/sns/topicSubscription";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { readPolicy } from "./iam/policyDocument";
import type { PolicyDocument } from "./policies";
import { createQueryProtocol } from "./queryProtocol";
import {
  awsError,
  type Cloud,
  type Created,
  type Declaration,
  operation,
  type Principal,
  type Service,
} from "./service";
import { lambdaEvent } from "./sns/lambdaEvent";
import { checkPublish, type PublishRequest } from "./sns/publish";

/** A message as delivered to a subscriber. */
export interface Delivery {
  topicArn: string;
  protocol: string;
  endpoint: string;
  subject?: string;
  message: string;
  /** Why delivery failed. */
  error?: string;
}

export interface Sns extends Service {
  /** All deliveries, in order. */
  readonly deliveries: readonly Delivery[];
}

export type { PublishRequest } from "./sns/publish";

interface Subscription {
  arn: string;
  protocol: string;
  endpoint: string;
}

interface Topic {
  arn: string;
  name: string;
  policy: PolicyDocument;
  subscriptions: Subscription[];
}

const PROTOCOLS = ["email", "email-json", "lambda"];

/** Amazon SNS: topics that invoke functions; e-mail subscriptions count as confirmed. */
export function createSns(cloud: Cloud): Sns {
  const topics = new Map<string, Topic>();
  const deliveries: Delivery[] = [];

  function find(arn: string): Topic {
    const topic = topics.get(arn);
    if (topic === undefined) throw awsError("NotFound", `Topic does not exist: ${arn}`, 404);
    return topic;
  }

  function createTopic(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<TopicArgs>>(declaration, ["name", "displayName", "policy", "tags", "region"]);
    const name = cloud.physicalName(declaration, inputs.name);
    const arn = cloud.arn("sns", name);
    if (topics.has(arn)) throw awsError("InvalidParameter", `Invalid parameter: the topic ${name} exists already.`);
    const policy = inputs.policy === undefined ? defaultPolicy(cloud, arn) : parse(name, inputs.policy);
    topics.set(arn, { arn, name, policy, subscriptions: [] });
    return { id: arn, outputs: { arn, name, owner: cloud.accountId } };
  }

  function setPolicy(declaration: Declaration): Created {
    const { arn, policy } = inputsOf<Unwrap<TopicPolicyArgs>>(declaration, ["arn", "policy", "region"]);
    const topic = find(arn);
    topic.policy = parse(topic.name, policy);
    return { id: arn, outputs: { owner: cloud.accountId } };
  }

  function subscribe(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<TopicSubscriptionArgs>>(declaration, ["topic", "protocol", "endpoint", "region"]);
    const { protocol, endpoint } = inputs;
    if (!PROTOCOLS.includes(protocol))
      throw new Error(
        `${declaration.urn}: the protocol ${protocol} is not simulated: only ${PROTOCOLS.join(", ")} are.`,
      );
    const topic = find(String(inputs.topic));
    const arn = `${topic.arn}:${randomUUID()}`;
    topic.subscriptions.push({ arn, protocol, endpoint });
    return { id: arn, outputs: { arn, ownerId: cloud.accountId, pendingConfirmation: false } };
  }

  function invoke(topic: Topic, FunctionName: string, request: Partial<InvocationRequest>) {
    const caller: Principal = {
      kind: "service",
      service: "sns.amazonaws.com",
      context: { "aws:SourceArn": topic.arn, "aws:SourceAccount": cloud.accountId },
    };
    return cloud.call<InvocationRequest, InvocationResponse>(caller, "lambda", "Invoke", { FunctionName, ...request });
  }

  async function publish(request: PublishRequest): Promise<{ MessageId: string }> {
    checkPublish(request);
    const { TopicArn, Subject: subject, Message: message } = request;
    const topic = find(TopicArn);
    const MessageId = randomUUID();
    cloud.tell({ kind: "notice", topic: topic.name, subject, message });
    for (const { arn, protocol, endpoint } of topic.subscriptions) {
      const delivery: Delivery = { topicArn: TopicArn, protocol, endpoint, subject, message };
      deliveries.push(delivery);
      if (protocol !== "lambda") continue;
      const Payload = Buffer.from(JSON.stringify(lambdaEvent(cloud, arn, MessageId, request)));
      try {
        await invoke(topic, endpoint, { InvocationType: "Event", Payload });
      } catch (error) {
        // Publishers never learn of a delivery failure.
        delivery.error = (error as Error).message;
      }
    }
    return { MessageId };
  }

  /** @throws if a function does not exist, or its policy rejects the topic: SNS would drop all its messages */
  async function check(topic: Topic): Promise<void> {
    for (const { protocol, endpoint } of topic.subscriptions)
      if (protocol === "lambda")
        await invoke(topic, endpoint, { InvocationType: "DryRun" }).catch((cause: Error) => {
          throw new Error(`The topic ${topic.name} cannot invoke ${endpoint}: ${cause.message}`, { cause });
        });
  }

  return {
    name: "sns",
    protocol: createQueryProtocol({
      client: () => require("@aws-sdk/client-sns"),
      dialect: "query",
      namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
      codes: { AccessDeniedException: "AuthorizationError" },
    }),
    deliveries,
    resources: {
      "aws:sns/topic:Topic": createTopic,
      "aws:sns/topicPolicy:TopicPolicy": setPolicy,
      "aws:sns/topicSubscription:TopicSubscription": subscribe,
    },
    policyOf: (arn) => topics.get(arn)?.policy,
    operations: {
      Publish: operation<PublishRequest, { MessageId: string }>({
        permissions: ({ TopicArn = "*" }) => [{ action: "sns:Publish", resource: TopicArn }],
        perform: publish,
      }),
    },
    async start() {
      for (const topic of topics.values()) await check(topic);
    },
  };
}

const parse = (topic: string, policy: string | object): PolicyDocument =>
  readPolicy(policy, "resource", `The policy of the topic ${topic}`);

/** The default policy of a new topic: any principal of the owning account may publish. */
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
