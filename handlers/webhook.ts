import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { clientSettings } from "./clientSettings";
import { explain } from "./failure";
import { jsonAnswer } from "./http/answer";
import { bodyBytes, type HttpRequest } from "./http/request";
import { type LogFields, log } from "./log";
import { messageDeduplication, messageGroup, type PushMessage } from "./message";
import { cachedSecret, isExplainedBy, readSecret } from "./secret";
import { decidePush, type PushVerdict } from "./webhook/push";
import { readPayload } from "./webhook/request";
import { isSignature, isSignedBy } from "./webhook/signature";

/** A branch whose pushes are delivered to an application. */
export interface TrackedBranch {
  /** `owner/name`. */
  repository: string;
  /** Without `refs/heads/`. */
  branch: string;
  application: string;
}

export interface WebhookOptions {
  /** The Secrets Manager secret that GitHub signs with. Its whole string is the secret. */
  secretArn: string;
  /** The FIFO queue for {@link PushMessage}s. */
  queueUrl: string;
  sources: TrackedBranch[];
}

/** In bytes. Lambda takes requests of 6 MB, GitHub sends up to 25 MB, and lists at most 2,048 commits of a push. */
const BODY_LIMIT = 5 * 1024 * 1024;

/** Called for each request of an HTTP API, payload format 2.0. */
export type WebhookHandler = (event: HttpRequest) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * Takes GitHub's webhook deliveries in: verifies, keeps the pushes to tracked branches, and enqueues one
 * {@link PushMessage} for each application. Everything slow is left to the queue's other side, because GitHub
 * waits ten seconds for an answer and does not try again by itself.
 *
 * Answers `{outcome, …}` as JSON: 200 ping; 202 queued or ignored, with the reason; 400 not a delivery of GitHub's;
 * 401 not signed by the secret; 413 too large; 415 neither JSON nor a form; 503 secret or queue out of reach.
 *
 * Needs:
 * - secretsmanager:GetSecretValue on the secret
 * - sqs:SendMessage on the queue
 */
export function createWebhook(options: WebhookOptions): WebhookHandler {
  // Two attempts of two seconds at the secret and at the queue: within GitHub's ten.
  const secrets = new SecretsManagerClient(clientSettings(2, 2));
  // Left to itself the client calls the host in the queue's URL, whatever AWS_ENDPOINT_URL says.
  const queue = new SQSClient({ ...clientSettings(2, 2), useQueueUrlAsEndpoint: false });
  const secret = cachedSecret(() => readSecret(secrets, options.secretArn, "the webhook's secret"), Date.now);

  return async (event) => {
    const body = bodyBytes(event);
    if (body.length > BODY_LIMIT) {
      return answer(413, "rejected", { reason: `the body is larger than ${BODY_LIMIT} bytes` });
    }
    const signature = event.headers["x-hub-signature-256"];
    if (!isSignature(signature)) {
      return answer(401, "rejected", { reason: "X-Hub-Signature-256 is missing or no SHA-256 signature" });
    }
    try {
      if (!(await isExplainedBy(secret, (value) => isSignedBy(value, body, signature)))) {
        return answer(401, "rejected", { reason: "X-Hub-Signature-256 does not match the body and the secret" });
      }
    } catch (error) {
      return answer(503, "failed", { reason: "the webhook's secret cannot be read" }, { cause: explain(error) });
    }
    return receive(event.headers, body, options, queue);
  };
}

/** What follows once GitHub is known to be the sender. */
async function receive(
  headers: HttpRequest["headers"],
  body: Buffer,
  options: WebhookOptions,
  queue: SQSClient,
): Promise<APIGatewayProxyStructuredResultV2> {
  const event = headers["x-github-event"];
  const delivery = headers["x-github-delivery"];
  if (!event || !delivery) {
    return answer(400, "rejected", { reason: `${event ? "X-GitHub-Delivery" : "X-GitHub-Event"} is missing` });
  }
  const payload = readPayload(headers["content-type"], body);
  if (payload.kind === "unsupported") {
    const reason = `content type ${payload.contentType || "(none)"}: use application/json or application/x-www-form-urlencoded`;
    return answer(415, "rejected", { reason, delivery });
  }
  if (payload.kind === "malformed") {
    return answer(400, "rejected", { reason: payload.reason, delivery });
  }
  if (event === "ping") {
    return answer(200, "pong", { delivery });
  }
  if (event !== "push") {
    return answer(202, "ignored", { reason: `event ${event} is not tracked`, delivery });
  }
  const verdict = decidePush(payload.value, options.sources, Date.now());
  switch (verdict.kind) {
    case "malformed":
      return answer(400, "rejected", { reason: verdict.reason, delivery });
    case "ignore":
      return answer(202, "ignored", { reason: verdict.reason, delivery });
    case "deliver":
      return enqueue(verdict, delivery, options.queueUrl, queue);
  }
}

async function enqueue(
  verdict: Extract<PushVerdict, { kind: "deliver" }>,
  delivery: string,
  queueUrl: string,
  queue: SQSClient,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { branch, commit, pushedAt } = verdict.push;
  for (const { application, repository } of verdict.sources) {
    const message: PushMessage = { repository, branch, commit, delivery, pushedAt, application };
    try {
      await queue.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: JSON.stringify(message),
          MessageGroupId: messageGroup(message),
          MessageDeduplicationId: messageDeduplication(message),
        }),
      );
    } catch (error) {
      // What was enqueued before is no harm: GitHub's redelivery carries the same delivery and commit.
      const reason = `the push could not be enqueued for ${application}: redeliver it`;
      return answer(503, "failed", { reason, delivery }, { cause: explain(error) });
    }
  }
  const applications = verdict.sources.map((source) => source.application);
  return answer(202, "queued", { delivery, repository: verdict.push.repository, branch, commit, applications });
}

/**
 * Answers, and logs the same.
 * @param internal what is for the log alone
 */
function answer(
  statusCode: number,
  outcome: "pong" | "queued" | "ignored" | "rejected" | "failed",
  told: LogFields,
  internal: LogFields = {},
): APIGatewayProxyStructuredResultV2 {
  const level = outcome === "failed" ? "error" : outcome === "rejected" ? "warn" : "info";
  log(level, `webhook ${outcome}`, { statusCode, ...told, ...internal });
  return jsonAnswer(statusCode, { outcome, ...told });
}
