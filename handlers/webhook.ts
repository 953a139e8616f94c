import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { clientSettings, queueClientSettings } from "./clientSettings";
import { explain } from "./failure";
import { FORGES, type Forge, type TrackedBranch } from "./forge";
import { jsonAnswer } from "./http/answer";
import { bodyBytes, type HttpRequest } from "./http/request";
import { type LogFields, log } from "./log";
import { type PushMessage, sendMessage } from "./message";
import { type CachedSecret, cachedSecret, isExplainedBy, readSecret } from "./secret";
import type { Adapter, Delivery } from "./webhook/adapter";
import { bitbucket } from "./webhook/bitbucket";
import { gitee } from "./webhook/gitee";
import { github } from "./webhook/github";
import { gitlab } from "./webhook/gitlab";
import { decidePush, type TrackedPush } from "./webhook/push";

export interface WebhookOptions {
  /** The Secrets Manager secret of each forge that delivers, by its ARN. Its whole string is the secret. */
  secrets: Partial<Record<Forge, string>>;
  /** The FIFO queue for {@link PushMessage}s. */
  queueUrl: string;
  sources: TrackedBranch[];
}

/** A request of an HTTP API, payload format 2.0. */
export interface WebhookRequest extends HttpRequest {
  /** `/webhooks/<forge>` */
  rawPath: string;
  /** When API Gateway took the request in, in milliseconds: the function may have started long after. */
  requestContext: { timeEpoch: number };
}

/** Called for each delivery. */
export type WebhookHandler = (event: WebhookRequest) => Promise<APIGatewayProxyStructuredResultV2>;

/** In bytes. Lambda takes requests of 6 MB; GitHub and GitLab send up to 25 MB, and list only the first commits of a push. */
const BODY_LIMIT = 5 * 1024 * 1024;

const ADAPTERS: Record<Forge, Adapter> = { github, gitlab, bitbucket, gitee };

/** What the parts of the flow share. */
interface Intake {
  forge: Forge;
  options: WebhookOptions;
  queue: SQSClient;
}

/**
 * Takes the forges' webhook deliveries in: verifies, keeps the pushes to tracked branches, and enqueues one
 * {@link PushMessage} for each branch and application. Everything slow is left to the queue's other side, because forges
 * wait ten seconds for an answer, and GitHub does not try again by itself.
 *
 * Answers `{outcome, forge, …}` as JSON: 200 ping; 202 queued or ignored, with the reason; 400 not a delivery of the
 * forge's; 401 not sent with the secret; 404 no forge that delivers here; 413 too large; 415 a content type that the
 * forge does not send; 503 secret or queue out of reach. Several pushes that are queued are listed as `pushes`.
 *
 * Needs:
 * - secretsmanager:GetSecretValue on the secrets
 * - sqs:SendMessage on the queue
 */
export function createWebhook(options: WebhookOptions): WebhookHandler {
  // Two attempts of two seconds at the secret and at the queue: within the forges' ten.
  const secretsManager = new SecretsManagerClient(clientSettings(2, 2));
  const queue = new SQSClient(queueClientSettings(2, 2));
  const secrets: Partial<Record<Forge, CachedSecret>> = {};
  for (const forge of FORGES) {
    const secretArn = options.secrets[forge];
    if (secretArn !== undefined) {
      secrets[forge] = cachedSecret(
        () => readSecret(secretsManager, { secretId: secretArn }, "the webhook's secret"),
        Date.now,
      );
    }
  }

  return async (event) => {
    const delivery = { headers: event.headers, body: bodyBytes(event) };
    if (delivery.body.length > BODY_LIMIT) {
      return answer(413, "rejected", { reason: `the body is larger than ${BODY_LIMIT} bytes` });
    }
    const forge = FORGES.find((each) => event.rawPath.endsWith(`/${each}`));
    const secret = forge && secrets[forge];
    if (forge === undefined || secret === undefined) {
      return answer(404, "rejected", { reason: "no forge delivers to this path" });
    }
    const now = event.requestContext.timeEpoch;
    return (await refuse(forge, secret, delivery, now)) ?? (await receive({ forge, options, queue }, delivery, now));
  };
}

/** The answer to what the forge did not send, `undefined` if it did. */
async function refuse(
  forge: Forge,
  secret: CachedSecret,
  delivery: Delivery,
  now: number,
): Promise<APIGatewayProxyStructuredResultV2 | undefined> {
  const adapter = ADAPTERS[forge];
  const refusal = adapter.refuse(delivery.headers);
  if (refusal !== undefined) {
    return answer(401, "rejected", { forge, reason: refusal });
  }
  try {
    if (await isExplainedBy(secret, (value) => adapter.isSentWith(value, delivery, now))) {
      return undefined;
    }
  } catch (error) {
    return answer(503, "failed", { forge, reason: "the webhook's secret cannot be read" }, { cause: explain(error) });
  }
  return answer(401, "rejected", { forge, reason: adapter.mismatch });
}

/** What follows once the forge is known to be the sender. */
async function receive(
  intake: Intake,
  { headers, body }: Delivery,
  now: number,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { forge, options } = intake;
  const adapter = ADAPTERS[forge];
  const announced = adapter.announce(headers);
  if (announced.kind === "malformed") {
    return answer(400, "rejected", { forge, reason: announced.reason });
  }
  const { delivery } = announced;
  const payload = adapter.readPayload(headers["content-type"], body);
  if (payload.kind === "unsupported") {
    const reason = `content type ${payload.contentType || "(none)"}: use ${adapter.contentTypes.join(" or ")}`;
    return answer(415, "rejected", { forge, reason, delivery });
  }
  if (payload.kind === "malformed") {
    return answer(400, "rejected", { forge, reason: payload.reason, delivery });
  }
  if (announced.kind === "ping") {
    return answer(200, "pong", { forge, delivery });
  }
  if (announced.kind === "other") {
    return answer(202, "ignored", { forge, reason: `event ${announced.event} is not tracked`, delivery });
  }
  const verdict = decidePush(adapter.readPush(payload.value, now), forge, options.sources);
  switch (verdict.kind) {
    case "malformed":
      return answer(400, "rejected", { forge, reason: verdict.reason, delivery });
    case "ignore":
      return answer(202, "ignored", { forge, reason: verdict.reason, delivery });
    case "deliver":
      return enqueue(intake, verdict.pushes, delivery);
  }
}

async function enqueue(
  { forge, options, queue }: Intake,
  pushes: TrackedPush[],
  delivery: string,
): Promise<APIGatewayProxyStructuredResultV2> {
  for (const { push, sources } of pushes) {
    for (const { application, repository } of sources) {
      const { branch, commit, before, pushedAt } = push;
      const former = before === undefined ? {} : { before };
      const message: PushMessage = { forge, repository, branch, commit, ...former, delivery, pushedAt, application };
      try {
        await sendMessage(queue, options.queueUrl, message);
      } catch (error) {
        // What was enqueued before is no harm: the forge's redelivery carries the same delivery and commit.
        const reason = `the push could not be enqueued for ${application}: redeliver it`;
        return answer(503, "failed", { forge, reason, delivery }, { cause: explain(error) });
      }
    }
  }
  return queued(forge, pushes, delivery);
}

/** One log line for each push. */
function queued(forge: Forge, pushes: TrackedPush[], delivery: string): APIGatewayProxyStructuredResultV2 {
  const told = pushes.map(({ push: { repository, branch, commit }, sources }) => {
    return { repository, branch, commit, applications: sources.map((source) => source.application) };
  });
  for (const push of told) {
    log("info", "webhook queued", { statusCode: 202, forge, delivery, ...push });
  }
  return jsonAnswer(202, {
    outcome: "queued",
    forge,
    delivery,
    ...(told.length === 1 ? told[0] : { pushes: told }),
  });
}

/**
 * Answers, and logs the same.
 * @param internal what is for the log alone
 */
function answer(
  statusCode: number,
  outcome: "pong" | "ignored" | "rejected" | "failed",
  told: LogFields,
  internal: LogFields = {},
): APIGatewayProxyStructuredResultV2 {
  const level = outcome === "failed" ? "error" : outcome === "rejected" ? "warn" : "info";
  log(level, `webhook ${outcome}`, { statusCode, ...told, ...internal });
  return jsonAnswer(statusCode, { outcome, ...told });
}
