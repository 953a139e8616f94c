import { createHash } from "node:crypto";
import { createWebhook, type WebhookOptions } from "../../handlers/webhook";
import { serialize } from "../../infra/lambda/serialization";
import { type Endpoint, startEndpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";

/** The webhook function, and the AWS that it sees. */
export interface WebhookFunction {
  /** The serialised function. */
  text: string;
  endpoint: Endpoint;
  lambda: Lambda;
  close(): Promise<void>;
}

/** @param SecretString what Secrets Manager holds: JSON */
export async function startWebhook(options: WebhookOptions, SecretString: string): Promise<WebhookFunction> {
  const text = await serialize(createWebhook);
  const endpoint = await startEndpoint();
  Object.assign(endpoint.answers, {
    GetSecretValue: () => ({ SecretString }),
    SendMessage: ({ MessageBody }) => ({
      MessageId: "1",
      MD5OfMessageBody: createHash("md5").update(String(MessageBody)).digest("hex"),
    }),
  } satisfies Endpoint["answers"]);
  const lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  return {
    text,
    endpoint,
    lambda,
    async close() {
      await lambda.close();
      await endpoint.close();
    },
  };
}
