import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SNSEvent } from "aws-lambda";
import { clientSettings } from "../shared/clientSettings";
import { failure } from "../shared/failure";
import { log } from "../shared/log";
import { type CachedSecret, cachedSecret, nameOf, readSecret, type SecretLocation } from "../shared/secret";
import { checkedUrl, post } from "./incomingWebhook";
import type { ChatKind } from "./shape";
import { textOf } from "./text";

export interface ChatOptions {
  kind: ChatKind;
  /** Location of the webhook's URL. Anyone who knows the URL can write to the chat. */
  secret: SecretLocation;
}

/**
 * Called by SNS for each message of the topic: posts it to a chat's incoming webhook, in the chat's format.
 *
 * Needs:
 * - secretsmanager:GetSecretValue on the secret
 *
 * @throws Failure if the chat rejects the message, so that Lambda retries twice. It never contains the webhook's URL.
 */
export function createChat({ kind, secret: location }: ChatOptions): (event: SNSEvent) => Promise<void> {
  const secrets = new SecretsManagerClient(clientSettings(3, 3));
  const readWebhook = async () => checkedUrl(location, await readSecret(secrets, location, "the chat's webhook URL"));
  const url = cachedSecret(readWebhook, Date.now);
  return async ({ Records }) => {
    for (const { Sns } of Records) {
      await deliver(kind, url, textOf(Sns.Subject, Sns.Message), nameOf(location));
      log("info", "posted to the chat", { chat: kind, messageId: Sns.MessageId });
    }
  };
}

async function deliver(kind: ChatKind, url: CachedSecret, text: string, secretName: string): Promise<void> {
  const current = await url.current();
  let refusal = await post(kind, current, text);
  if (refusal !== undefined) {
    // The webhook may have been recreated since the secret was read.
    const rotated = await url.afterRotation();
    if (rotated !== undefined && rotated !== current) {
      refusal = await post(kind, rotated, text);
    }
  }
  if (refusal !== undefined) {
    const hint = `check that ${secretName} contains the URL of an active webhook, and check the webhook's settings`;
    throw failure(
      "SystemUnavailable",
      `the message was not posted to ${kind}: ${refusal}; Lambda retries twice; ${hint}`,
    );
  }
}
