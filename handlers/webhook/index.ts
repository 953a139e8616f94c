import { randomUUID } from "node:crypto";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { clientSettings, queueClientSettings } from "../shared/clientSettings";
import { explain } from "../shared/failure";
import { FORGES, type Forge, repositoryKey, type TrackedBranch } from "../shared/forge";
import { jsonAnswer } from "../shared/http/answer";
import { bodyBytes, type HttpRequest } from "../shared/http/request";
import { type LogFields, log } from "../shared/log";
import { type PushMessage, sendMessage } from "../shared/message";
import { type CachedSecret, cachedSecret, readSecret, requireText, textAt, verifyWithRotation } from "../shared/secret";
import type { Adapter, Delivery } from "./adapter";
import { bitbucket } from "./bitbucket";
import { gitee } from "./gitee";
import { github } from "./github";
import { gitlab } from "./gitlab";
import { decidePush, type TrackedPush } from "./push";

export interface WebhookOptions {
  /** ARN of the Secrets Manager secret: JSON with each repository's webhook secret by {@link repositoryKey}. */
  secretArn: string;
  /** The FIFO queue for {@link PushMessage}s. */
  queueUrl: string;
  sources: TrackedBranch[];
}

/** A request of an HTTP API, payload format 2.0. */
export interface WebhookRequest extends HttpRequest {
  /** `/webhooks/<forge>/<owner>/<repository>` */
  rawPath: string;
  /** When API Gateway received the request, in milliseconds; the function may start much later. */
  requestContext: { timeEpoch: number };
}

/** Called for each webhook request. */
export type WebhookHandler = (event: WebhookRequest) => Promise<APIGatewayProxyStructuredResultV2>;

/** In bytes. Lambda accepts 6 MB. GitHub and GitLab send up to 25 MB, and list only the first commits of a push. */
const BODY_LIMIT = 5 * 1024 * 1024;

const ADAPTERS: Record<Forge, Adapter> = { github, gitlab, bitbucket, gitee };

/** The forge and repository in a path. */
interface WebhookEndpoint {
  forge: Forge;
  /** {@link repositoryKey} of the repository, tracked or not. */
  key: string;
  /** The repository's tracked branches; undefined if it has none. */
  tracked: { repository: string; sources: TrackedBranch[] } | undefined;
}

/** The secrets for verifying signatures. */
interface Secrets {
  secretId: string;
  stored: CachedSecret;
  /** Random text, compared if the repository has no secret, so that the response time is the same. */
  unknown: string;
}

/**
 * Receives the forges' webhooks: verifies them, keeps the pushes to tracked branches, and enqueues one
 * {@link PushMessage} for each branch and application. Everything slow happens after the queue, because forges wait ten
 * seconds for an answer, and GitHub does not retry by itself.
 *
 * Each repository has its own path and secret, so an administrator of one cannot send pushes for another. An untracked
 * repository's path gets the same answer as a wrong secret.
 *
 * Answers `{outcome, forge, …}` as JSON: 200 ping; 202 queued or ignored, with the reason; 400 not a valid webhook of
 * the forge; 401 not sent with the secret of the path's repository; 403 a push to another repository; 404 no tracked
 * forge in the path; 413 too large; 415 a content type that the forge does not send; 503 secret or queue unavailable.
 * If several pushes are queued, they are listed as `pushes`.
 *
 * Needs:
 * - secretsmanager:GetSecretValue on the secret
 * - sqs:SendMessage on the queue
 */
export function createWebhook(options: WebhookOptions): WebhookHandler {
  // Two attempts of two seconds for the secret and the queue: within the forges' ten.
  const secretsManager = new SecretsManagerClient(clientSettings(2, 2));
  const queue = new SQSClient(queueClientSettings(2, 2));
  const { secretArn: secretId } = options;
  const secrets: Secrets = {
    secretId,
    stored: cachedSecret(() => readSecret(secretsManager, { secretId }, "the webhooks' secrets as JSON"), Date.now),
    unknown: randomUUID(),
  };

  return async (event) => {
    const delivery = { headers: event.headers, body: bodyBytes(event) };
    if (delivery.body.length > BODY_LIMIT) {
      return answer(413, "rejected", { reason: `the body is larger than ${BODY_LIMIT} bytes` });
    }
    const endpoint = findEndpoint(event.rawPath, options.sources);
    if (endpoint === undefined) {
      return answer(404, "rejected", { reason: "no forge sends webhooks to this path" });
    }
    const { forge, tracked } = endpoint;
    const now = event.requestContext.timeEpoch;
    const refusal = await refuse(endpoint, secrets, delivery, now);
    if (refusal !== undefined || tracked === undefined) {
      return refusal ?? mismatch(endpoint);
    }
    return receive({ forge, ...tracked, queueUrl: options.queueUrl, queue }, delivery, now);
  };
}

/** @returns `undefined` if nothing is tracked at the path's forge, which then has no route */
function findEndpoint(rawPath: string, sources: TrackedBranch[]): WebhookEndpoint | undefined {
  const key = (/\/webhooks\/(.+)$/.exec(rawPath)?.[1] ?? "").toLowerCase();
  const forge = FORGES.find((each) => key.startsWith(`${each}/`));
  if (forge === undefined || !sources.some((source) => source.forge === forge)) {
    return undefined;
  }
  const ofRepository = sources.filter((source) => repositoryKey(source) === key);
  const [first] = ofRepository;
  return { forge, key, tracked: first && { repository: first.repository, sources: ofRepository } };
}

/** The answer if the request was not sent with the secret of the path's repository, otherwise `undefined`. */
async function refuse(
  endpoint: WebhookEndpoint,
  { secretId, stored, unknown }: Secrets,
  delivery: Delivery,
  now: number,
): Promise<APIGatewayProxyStructuredResultV2 | undefined> {
  const { forge, key, tracked } = endpoint;
  const adapter = ADAPTERS[forge];
  const refusal = adapter.refuse(delivery.headers);
  if (refusal !== undefined) {
    return answer(401, "rejected", { forge, reason: refusal });
  }
  const location = { secretId, key };
  // Compares even without a secret: the response time must not reveal which repositories are tracked.
  const isSent = (secret: string) => adapter.isSentWith(textAt(location, secret) ?? unknown, delivery, now);
  try {
    if (await verifyWithRotation(stored, isSent)) {
      return undefined;
    }
    if (tracked !== undefined) {
      requireText(location, await stored.current(), "the webhook's secret");
    }
  } catch (error) {
    return answer(503, "failed", { forge, reason: "the webhook's secret cannot be read" }, { cause: explain(error) });
  }
  return mismatch(endpoint);
}

/** The sender does not know the secret, or none exists. Only the log says which. */
function mismatch({ forge, tracked }: WebhookEndpoint): APIGatewayProxyStructuredResultV2 {
  const reason = `${ADAPTERS[forge].mismatch}, or the path names no tracked repository`;
  const internal = tracked ? { repository: tracked.repository } : { cause: "the path names no tracked repository" };
  return answer(401, "rejected", { forge, reason }, internal);
}

/** The repository whose secret the sender knows, and what is needed to enqueue its pushes. */
interface VerifiedSender {
  forge: Forge;
  repository: string;
  sources: TrackedBranch[];
  queueUrl: string;
  queue: SQSClient;
}

/** Handles a request after its secret has been verified. */
async function receive(
  sender: VerifiedSender,
  { headers, body }: Delivery,
  now: number,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { forge } = sender;
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
  const verdict = decidePush(adapter.readPush(payload.value, now), sender.repository, sender.sources);
  switch (verdict.kind) {
    case "malformed":
      return answer(400, "rejected", { forge, reason: verdict.reason, delivery });
    case "ignore":
      return answer(202, "ignored", { forge, reason: verdict.reason, delivery });
    case "foreign":
      return answer(403, "rejected", { forge, reason: verdict.reason, delivery });
    case "deliver":
      return enqueue(sender, verdict.pushes, delivery);
  }
}

async function enqueue(
  { forge, queueUrl, queue }: VerifiedSender,
  pushes: TrackedPush[],
  delivery: string,
): Promise<APIGatewayProxyStructuredResultV2> {
  for (const { push, sources } of pushes) {
    for (const { application, repository } of sources) {
      const { branch, commit, before, pushedAt } = push;
      const former = before === undefined ? {} : { before };
      const message: PushMessage = { forge, repository, branch, commit, ...former, delivery, pushedAt, application };
      try {
        await sendMessage(queue, queueUrl, message);
      } catch (error) {
        // Messages already enqueued do no harm: a redelivery has the same delivery id and commit.
        const reason = `the push could not be enqueued for ${application}: redeliver the webhook`;
        return answer(503, "failed", { forge, reason, delivery }, { cause: explain(error) });
      }
    }
  }
  return queued(forge, pushes, delivery);
}

/** One log line for each push. */
function queued(forge: Forge, pushes: TrackedPush[], delivery: string): APIGatewayProxyStructuredResultV2 {
  const fields = pushes.map(({ push: { repository, branch, commit }, sources }) => {
    return { repository, branch, commit, applications: sources.map((source) => source.application) };
  });
  for (const push of fields) {
    log("info", "webhook queued", { statusCode: 202, forge, delivery, ...push });
  }
  return jsonAnswer(202, {
    outcome: "queued",
    forge,
    delivery,
    ...(fields.length === 1 ? fields[0] : { pushes: fields }),
  });
}

/**
 * Answers, and logs the same fields.
 * @param internal fields for the log only
 */
function answer(
  statusCode: number,
  outcome: "pong" | "ignored" | "rejected" | "failed",
  fields: LogFields,
  internal: LogFields = {},
): APIGatewayProxyStructuredResultV2 {
  const level = outcome === "failed" ? "error" : outcome === "rejected" ? "warn" : "info";
  log(level, `webhook ${outcome}`, { statusCode, ...fields, ...internal });
  return jsonAnswer(statusCode, { outcome, ...fields });
}
