import * as lambda from "@pulumi/aws/lambda";
import * as sns from "@pulumi/aws/sns";
import * as pulumi from "@pulumi/pulumi";
import { createChat } from "../../handlers/chat";
import { CHAT_KINDS, type ChatKind } from "../../handlers/chat/shape";
import { readingSecret, secretLocation } from "../foundation/secrets";
import { LambdaFunction } from "../lambda/lambdaFunction";
import type { AlertSettings, SecretsManagerReference } from "../settings";
import type { StackContext } from "../stackContext";

/** A chat, and the location of its webhook's URL. */
export interface ChatSubscription {
  kind: ChatKind;
  secret: SecretsManagerReference;
}

/** The chats to notify. */
export const chatSubscriptions = ({ chat }: AlertSettings): ChatSubscription[] =>
  CHAT_KINDS.flatMap((kind) => {
    const secret = chat[kind];
    return secret === undefined ? [] : [{ kind, secret }];
  });

export interface ChatArgs extends ChatSubscription {
  stack: StackContext;
}

/** Posts every message of the topic to a chat. */
export class Chat extends pulumi.ComponentResource {
  constructor(name: string, args: ChatArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Chat", name, {}, opts);
    const { account, topicArn } = args.stack;
    const post = createFunction(name, args, this);
    const permission = new lambda.Permission(
      name,
      {
        action: "lambda:InvokeFunction",
        function: post.functionName,
        principal: account.servicePrincipal("sns"),
        sourceArn: topicArn,
      },
      { parent: this },
    );
    new sns.TopicSubscription(
      name,
      { topic: topicArn, protocol: "lambda", endpoint: post.arn },
      { parent: this, dependsOn: permission },
    );
    this.registerOutputs({});
  }
}

function createFunction(name: string, { stack, kind, secret }: ChatArgs, parent: pulumi.Resource) {
  const location = secretLocation(secret);
  return new LambdaFunction(
    name,
    {
      stack,
      factory: createChat,
      options: { kind, secret: location },
      statements: [readingSecret(location)],
      timeoutSeconds: 30,
      memory: 256,
      // While the chat is down, the notice of the alarm's end would fail too, and raise the alarm again in a loop.
      alarmTellsEnd: false,
    },
    { parent },
  );
}
