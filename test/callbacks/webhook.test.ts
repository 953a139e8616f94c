import { createHash, createHmac } from "node:crypto";
import examples, { type WebhookDefinition } from "@octokit/webhooks-examples";
import { expect } from "chai";
import type { WebhookOptions } from "../../handlers/webhook";
import { awsFault, type Endpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";
import { startWebhook, type WebhookFunction } from "./webhookFunction";

const SECRET = "wkEHTcQ3zy0Kf9Sg7p2Vn5Xb8Jd4Lm6Rt1Ya0Uhe";
const SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook-AbCdEf";
const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/pushes.fifo";
const MISMATCH = "X-Hub-Signature-256 does not match the body and the secret, or the path names no tracked repository";
const DELIVERY = "8b5f2a80-5f2c-11ef-9c1d-2b0d4e8f7a11";

const exampleOf = (event: string, of: (payload: Record<string, unknown>) => boolean = () => true) => {
  const { examples: payloads } = (examples as unknown as WebhookDefinition[]).find(({ name }) => name === event) ?? {};
  const payload = (payloads as unknown as Record<string, unknown>[] | undefined)?.find(of);
  if (payload === undefined) {
    throw new Error(`@octokit/webhooks-examples has no such ${event}`);
  }
  return payload;
};

const push = exampleOf("push", ({ ref, deleted }) => ref === "refs/heads/master" && deleted === false);
const forge = "github";
const { full_name: repository } = push.repository as { full_name: string };
const STORED = JSON.stringify({ [`github/${repository.toLowerCase()}`]: SECRET });
const options: WebhookOptions = {
  secretArn: SECRET_ARN,
  queueUrl: QUEUE_URL,
  sources: [
    { forge, repository, branch: "master", application: "storefront" },
    { forge, repository, branch: "feature/basket", application: "basket" },
  ],
};

interface Delivery {
  event?: string | undefined;
  contentType?: string;
  body: string;
  base64?: boolean;
  secret?: string;
  signature?: string | undefined;
  path?: string;
}

/** A request of GitHub's, as an HTTP API hands it to a function. */
function requestOf({ event = "push", contentType = "application/json", body, base64 = false, ...rest }: Delivery) {
  const hmac = createHmac("sha256", rest.secret ?? SECRET)
    .update(body)
    .digest("hex");
  return {
    version: "2.0",
    routeKey: "POST /webhooks/github/{repository+}",
    rawPath: rest.path ?? `/webhooks/github/${repository}`,
    requestContext: { timeEpoch: 1767614400000 },
    headers: {
      "content-type": contentType,
      "user-agent": "GitHub-Hookshot/0123456",
      "x-github-delivery": DELIVERY,
      ...(event && { "x-github-event": event }),
      "x-hub-signature-256": "signature" in rest ? rest.signature : `sha256=${hmac}`,
    },
    body: base64 ? Buffer.from(body).toString("base64") : body,
    isBase64Encoded: base64,
  };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("webhook callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let lambda: Lambda;
  let close: WebhookFunction["close"];

  before(async () => {
    ({ text, endpoint, lambda, close } = await startWebhook(options, STORED));
  });
  beforeEach(() => {
    endpoint.requests = [];
  });
  after(() => close());

  async function deliver(delivery: Delivery, to = lambda) {
    const { value, error, lines } = await to.invoke(requestOf(delivery));
    const { statusCode, headers, body } = value as { statusCode: number; headers: object; body: string };
    expect(error).to.equal(undefined);
    expect(headers).to.deep.equal({ "content-type": "application/json" });
    expect([body, ...lines].join("\n")).not.to.include(delivery.secret ?? SECRET);
    return { status: statusCode, answer: JSON.parse(body), logged: lines.map((line) => JSON.parse(line)) };
  }

  const operations = () => endpoint.requests.map(({ operation }) => operation);

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  it("takes GitHub's own example of a push, and reads the secret once", async () => {
    const body = JSON.stringify(push);
    const commit = String(push.after);
    const message = {
      forge,
      repository,
      branch: "master",
      commit,
      delivery: DELIVERY,
      pushedAt: "2019-05-15T15:20:57.000Z",
      application: "storefront",
    };
    for (const reads of [["GetSecretValue"], []]) {
      endpoint.requests = [];
      const told = { forge, delivery: DELIVERY, repository, branch: "master", commit, applications: ["storefront"] };
      expect(await deliver({ body })).to.deep.equal({
        status: 202,
        answer: { outcome: "queued", ...told },
        logged: [{ level: "info", message: "webhook queued", statusCode: 202, ...told }],
      });
      expect(operations()).to.deep.equal([...reads, "SendMessage"]);
      expect(endpoint.requests.at(-1)?.input).to.deep.equal({
        QueueUrl: QUEUE_URL,
        MessageBody: JSON.stringify(message),
        MessageGroupId: sha256(`github:${repository}:master`),
        MessageDeduplicationId: sha256(`${DELIVERY}${commit}storefront`),
      });
    }
  });

  it("is not turned into 401 by a newline at the end of the secret", async () => {
    const { GetSecretValue } = endpoint.answers;
    endpoint.answers.GetSecretValue = () => ({
      ARN: SECRET_ARN,
      SecretString: `${STORED.replace(SECRET, `${SECRET}\\n`)}\n`,
    });
    const fresh = startLambda({ text, options, endpointUrl: endpoint.url });
    const { status } = await deliver({ body: JSON.stringify(push) }, fresh);
    await fresh.close();
    Object.assign(endpoint.answers, { GetSecretValue });
    expect(status).to.equal(202);
  });

  it("takes a push as a form, in base64, to a branch with slashes", async () => {
    const payload = JSON.stringify({ ...push, ref: "refs/heads/feature/basket" });
    const body = new URLSearchParams({ payload }).toString();
    const { status, answer } = await deliver({ body, contentType: "application/x-www-form-urlencoded", base64: true });
    expect({ status, ...answer }).to.deep.equal({
      status: 202,
      outcome: "queued",
      forge,
      delivery: DELIVERY,
      repository,
      branch: "feature/basket",
      commit: push.after,
      applications: ["basket"],
    });
    expect(operations()).to.deep.equal(["SendMessage"]);
  });

  const json = JSON.stringify(push);
  const large = "x".repeat(5 * 1024 * 1024);
  const others: [string, Delivery, number, object][] = [
    [
      "a ping",
      { event: "ping", body: JSON.stringify(exampleOf("ping")) },
      200,
      { outcome: "pong", forge, delivery: DELIVERY },
    ],
    [
      "a tag",
      {
        body: JSON.stringify(
          exampleOf("push", ({ ref, created }) => ref === "refs/tags/simple-tag" && created === true),
        ),
      },
      202,
      { outcome: "ignored", forge, reason: "refs/tags/simple-tag is not a branch", delivery: DELIVERY },
    ],
    [
      "the deletion of a branch",
      { body: JSON.stringify({ ...push, deleted: true, after: "0".repeat(40) }) },
      202,
      { outcome: "ignored", forge, reason: "branch master was deleted", delivery: DELIVERY },
    ],
    [
      "a branch that is not tracked",
      { body: JSON.stringify({ ...push, ref: "refs/heads/other" }) },
      202,
      { outcome: "ignored", forge, reason: `branch other of ${repository} is not tracked`, delivery: DELIVERY },
    ],
    [
      "another event",
      { event: "issues", body: JSON.stringify(exampleOf("issues")) },
      202,
      { outcome: "ignored", forge, reason: "event issues is not tracked", delivery: DELIVERY },
    ],
    [
      "no signature",
      { body: json, signature: undefined },
      401,
      { outcome: "rejected", forge, reason: "X-Hub-Signature-256 is missing or is not a SHA-256 signature" },
    ],
    [
      "a signature by another secret",
      { body: json, secret: "another" },
      401,
      { outcome: "rejected", forge, reason: MISMATCH },
    ],
    ["no event", { event: "", body: json }, 400, { outcome: "rejected", forge, reason: "X-GitHub-Event is missing" }],
    [
      "no JSON",
      { body: "{" },
      400,
      { outcome: "rejected", forge, reason: "the payload is not JSON", delivery: DELIVERY },
    ],
    [
      "no push",
      { body: "[]" },
      400,
      { outcome: "rejected", forge, reason: "not a push: ref is missing or is not a reference", delivery: DELIVERY },
    ],
    [
      "another content type",
      { body: json, contentType: "text/plain" },
      415,
      {
        outcome: "rejected",
        forge,
        reason: "content type text/plain: use application/json or application/x-www-form-urlencoded",
        delivery: DELIVERY,
      },
    ],
    [
      "a body of 5 MiB, in base64",
      { body: large, base64: true },
      400,
      { outcome: "rejected", forge, reason: "the payload is not JSON", delivery: DELIVERY },
    ],
    [
      "a body of one byte more",
      { body: `${large}x` },
      413,
      { outcome: "rejected", reason: "the body is larger than 5242880 bytes" },
    ],
    [
      "the path of a forge from which nothing is tracked",
      { body: json, path: `/webhooks/gitlab/${repository}` },
      404,
      { outcome: "rejected", reason: "no forge sends webhooks to this path" },
    ],
    [
      "a path of another name",
      { body: json, path: "/webhooks/constructor/acme/website" },
      404,
      { outcome: "rejected", reason: "no forge sends webhooks to this path" },
    ],
    [
      "a path of another name, whatever is wrong with its body",
      { body: `${large}x`, path: "/webhooks/constructor" },
      413,
      { outcome: "rejected", reason: "the body is larger than 5242880 bytes" },
    ],
  ];
  for (const [what, delivery, status, answer] of others) {
    it(`answers ${status} to ${what}, and enqueues nothing`, async () => {
      const result = await deliver(delivery);
      expect({ status: result.status, answer: result.answer }).to.deep.equal({ status, answer });
      expect(operations()).to.deep.equal([]);
    });
  }

  it("answers 503 if the queue refuses, and keeps the cause to its log", async () => {
    const { SendMessage } = endpoint.answers;
    endpoint.answers.SendMessage = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: sqs:SendMessage");
    };
    const answer = {
      forge,
      reason: "the push could not be enqueued for storefront: redeliver the webhook",
      delivery: DELIVERY,
    };
    expect(await deliver({ body: json })).to.deep.equal({
      status: 503,
      answer: { outcome: "failed", ...answer },
      logged: [
        {
          level: "error",
          message: "webhook failed",
          statusCode: 503,
          ...answer,
          cause: "AccessDeniedException: not authorized to perform: sqs:SendMessage",
        },
      ],
    });
    Object.assign(endpoint.answers, { SendMessage });
  });

  const secrets: [string, () => object, string][] = [
    [
      "cannot be read",
      () => {
        throw awsFault("AccessDeniedException", "not authorized to perform: secretsmanager:GetSecretValue");
      },
      `secret ${SECRET_ARN} cannot be read: AccessDeniedException: not authorized to perform: secretsmanager:GetSecretValue`,
    ],
    [
      "is empty, with which anyone could sign",
      () => ({ SecretString: "" }),
      `secret ${SECRET_ARN} has no text value: store the webhooks' secrets as JSON there`,
    ],
  ];
  for (const [what, read, cause] of secrets) {
    it(`answers 503 if the secret ${what}`, async () => {
      const { GetSecretValue } = endpoint.answers;
      endpoint.answers.GetSecretValue = read;
      const fresh = startLambda({ text, options, endpointUrl: endpoint.url });
      const { status, answer, logged } = await deliver({ body: json, signature: `sha256=${"0".repeat(64)}` }, fresh);
      await fresh.close();
      expect({ status, ...answer }).to.deep.equal({
        status: 503,
        outcome: "failed",
        forge,
        reason: "the webhook's secret cannot be read",
      });
      expect(logged.map((line) => line.cause)).to.deep.equal([cause]);
      Object.assign(endpoint.answers, { GetSecretValue });
    });
  }
});
