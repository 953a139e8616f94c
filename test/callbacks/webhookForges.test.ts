import { createHash } from "node:crypto";
import { expect } from "chai";
import { FORGES, type Forge, type TrackedBranch } from "../../handlers/shared/forge";
import type { WebhookOptions } from "../../handlers/webhook";
import { bitbucketPush, bitbucketReference, COMMIT, FORMER, giteePush, giteeSign } from "../handlers/webhook/samples";
import { awsFault, type Endpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";
import { bitbucketOf, DELIVERIES, giteeOf, NOW, proofsIn, pushes, type Sent, secretOf } from "./webhookDeliveries";
import { startWebhook, type WebhookFunction } from "./webhookFunction";

const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/pushes.fifo";
const SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhooks-AbCdEf";
const repositoryOf = (forge: Forge) => (forge === "gitlab" ? "acme/shops/storefront" : "acme/storefront");

const track = (forge: Forge, branch: string, application: string): TrackedBranch => ({
  forge,
  repository: repositoryOf(forge),
  branch,
  application,
});
const options: WebhookOptions = {
  secretArn: SECRET_ARN,
  queueUrl: QUEUE_URL,
  sources: [...FORGES.map((forge) => track(forge, "main", forge)), track("bitbucket", "release", "shop")],
};

const STORED = JSON.stringify(
  Object.fromEntries(FORGES.map((forge) => [`${forge}/${repositoryOf(forge)}`, secretOf(forge)])),
);

const times: Record<Forge, string> = {
  github: "2026-01-05T11:59:59.000Z",
  gitlab: "2026-01-05T12:00:00.000Z",
  bitbucket: "2026-01-05T12:00:00.000Z",
  gitee: "2026-01-05T10:00:00.000Z",
};
const orPath = ", or the path names no tracked repository";
const mismatches: Record<Forge, string> = {
  github: `X-Hub-Signature-256 does not match the body and the secret${orPath}`,
  gitlab: `X-Gitlab-Token is not the secret${orPath}`,
  bitbucket: `X-Hub-Signature does not match the body and the secret${orPath}`,
  gitee: `X-Gitee-Token is neither the secret nor its signature of an X-Gitee-Timestamp within an hour of now${orPath}`,
};
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("webhook callback of all forges, serialised", () => {
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

  /** Nothing that proves a sender is in an answer or a log: not the secret, not a signature, whoever sent it. */
  async function deliver(forge: Forge, { headers, body }: Sent, to = lambda) {
    const { value, error, lines } = await to.invoke({
      version: "2.0",
      rawPath: `/webhooks/${forge}/${repositoryOf(forge)}`,
      headers: { "content-type": "application/json", ...headers },
      requestContext: { timeEpoch: NOW },
      body,
      isBase64Encoded: false,
    });
    expect(error).to.equal(undefined);
    const { statusCode, body: answer } = value as { statusCode: number; body: string };
    const said = [answer, ...lines].join("\n");
    for (const proof of [...FORGES.map(secretOf), ...proofsIn(headers)]) {
      expect(said).not.to.include(proof);
    }
    return { status: statusCode, answer: JSON.parse(answer), logged: lines.map((line) => JSON.parse(line)) };
  }

  const messages = () =>
    endpoint.requests.filter(({ operation }) => operation === "SendMessage").map(({ input }) => input);

  for (const forge of FORGES) {
    it(`takes a push of ${forge}, and its redelivery as the same`, async () => {
      const repository = repositoryOf(forge);
      const delivery = DELIVERIES[forge];
      const told = { forge, delivery, repository, branch: "main", commit: COMMIT, applications: [forge] };
      for (const _ of ["delivery", "redelivery"]) {
        expect(await deliver(forge, pushes[forge](secretOf(forge)))).to.deep.equal({
          status: 202,
          answer: { outcome: "queued", ...told },
          logged: [{ level: "info", message: "webhook queued", statusCode: 202, ...told }],
        });
      }
      const [first, second] = messages();
      expect(first).to.deep.equal({
        QueueUrl: QUEUE_URL,
        MessageBody: JSON.stringify({
          forge,
          repository,
          branch: "main",
          commit: COMMIT,
          before: FORMER,
          delivery,
          pushedAt: times[forge],
          application: forge,
        }),
        MessageGroupId: sha256(`${forge}:${repository}:main`),
        MessageDeduplicationId: sha256(`${delivery}${COMMIT}${forge}`),
      });
      expect(second).to.deep.equal(first);
    });

    it(`answers 415 to a push of ${forge} that is no JSON, and says what to choose`, async () => {
      const { headers, body } = pushes[forge](secretOf(forge));
      const sent = { headers: { ...headers, "content-type": "application/xml" }, body };
      const types = forge === "github" ? "application/json or application/x-www-form-urlencoded" : "application/json";
      const { status, answer } = await deliver(forge, sent);
      expect([status, answer.reason]).to.deep.equal([415, `content type application/xml: use ${types}`]);
    });

    for (const other of FORGES.filter((each) => each !== forge)) {
      it(`answers 401 to a push of ${forge} with ${other}'s secret`, async () => {
        const { status, answer, logged } = await deliver(forge, pushes[forge](secretOf(other)));
        expect({ status, ...answer }).to.deep.equal({
          status: 401,
          outcome: "rejected",
          forge,
          reason: mismatches[forge],
        });
        expect(logged.map(({ level }) => level)).to.deep.equal(["warn"]);
        expect(messages()).to.deep.equal([]);
      });

      it(`answers 401 to a push of ${forge} on ${other}'s path`, async () => {
        const { status, answer } = await deliver(other, pushes[forge](secretOf(forge)));
        expect({ status, outcome: answer.outcome, forge: answer.forge }).to.deep.equal({
          status: 401,
          outcome: "rejected",
          forge: other,
        });
        expect(messages()).to.deep.equal([]);
      });
    }
  }

  it("has read the secret once for all repositories", async () => {
    const fresh = startLambda({ text, options, endpointUrl: endpoint.url });
    for (const forge of [...FORGES, ...FORGES]) {
      await deliver(forge, pushes[forge](secretOf(forge)), fresh);
    }
    await fresh.close();
    const read = endpoint.requests.filter(({ operation }) => operation === "GetSecretValue");
    expect(read.map(({ input }) => input)).to.deep.equal([{ SecretId: SECRET_ARN }]);
  });

  it("takes several branches of one push of Bitbucket's, and says so of each", async () => {
    const repository = "acme/storefront";
    const changes = [
      { new: bitbucketReference("main") },
      { new: null, old: bitbucketReference("old") },
      { new: bitbucketReference("release", FORMER) },
    ];
    const told = [
      { repository, branch: "main", commit: COMMIT, applications: ["bitbucket"] },
      { repository, branch: "release", commit: FORMER, applications: ["shop"] },
    ];
    const context = { forge: "bitbucket", delivery: DELIVERIES.bitbucket };
    expect(await deliver("bitbucket", bitbucketOf({ ...bitbucketPush, push: { changes } }))).to.deep.equal({
      status: 202,
      answer: { outcome: "queued", ...context, pushes: told },
      logged: told.map((push) => ({
        level: "info",
        message: "webhook queued",
        statusCode: 202,
        ...context,
        ...push,
      })),
    });
    expect(messages().map(({ MessageGroupId }) => MessageGroupId)).to.deep.equal([
      sha256("bitbucket:acme/storefront:main"),
      sha256("bitbucket:acme/storefront:release"),
    ]);
  });

  it("answers 503 if one of several cannot be enqueued", async () => {
    const { SendMessage } = endpoint.answers;
    endpoint.answers.SendMessage = (input) => {
      if (String(input.MessageBody).includes("release")) {
        throw awsFault("AccessDeniedException", "not authorized to perform: sqs:SendMessage");
      }
      return SendMessage?.(input) ?? {};
    };
    const changes = [{ new: bitbucketReference("main") }, { new: bitbucketReference("release", FORMER) }];
    const { status, answer, logged } = await deliver("bitbucket", bitbucketOf({ ...bitbucketPush, push: { changes } }));
    Object.assign(endpoint.answers, { SendMessage });
    expect(logged.map(({ level }) => level)).to.deep.equal(["error"]);
    expect({ status, ...answer }).to.deep.equal({
      status: 503,
      outcome: "failed",
      forge: "bitbucket",
      reason: "the push could not be enqueued for shop: redeliver the webhook",
      delivery: DELIVERIES.bitbucket,
    });
  });

  const password = secretOf("gitee");
  const former = String(NOW - 3_600_001);
  const delivery = DELIVERIES.gitee;
  const gitees: [string, Sent, number, object][] = [
    [
      "a push with the password, which the body repeats",
      giteeOf({ ...giteePush, password, sign: "" }, password),
      202,
      {
        outcome: "queued",
        forge: "gitee",
        delivery,
        repository: "acme/storefront",
        branch: "main",
        commit: COMMIT,
        applications: ["gitee"],
      },
    ],
    [
      "its test",
      giteeOf({ ...giteePush, password }, password, { "x-gitee-event": "push_hooks", "x-gitee-ping": "true" }),
      200,
      { outcome: "pong", forge: "gitee", delivery },
    ],
    [
      "a signed delivery that is sent again after an hour",
      giteeOf(giteePush, giteeSign(former, password), { "x-gitee-timestamp": former }),
      401,
      { outcome: "rejected", forge: "gitee", reason: mismatches.gitee },
    ],
    [
      "a form, as its former webhooks sent",
      { ...giteeOf(giteePush, password, { "content-type": "application/x-www-form-urlencoded" }) },
      415,
      {
        outcome: "rejected",
        forge: "gitee",
        reason: "content type application/x-www-form-urlencoded: use application/json",
        delivery,
      },
    ],
    [
      "no push, with the password in it",
      giteeOf({ password, ref: password }, password),
      400,
      { outcome: "rejected", forge: "gitee", reason: "not a push: ref is missing or is not a reference", delivery },
    ],
    [
      "no JSON, with the password in it",
      { ...giteeOf({}, password), body: `{"password":"${password}"` },
      400,
      { outcome: "rejected", forge: "gitee", reason: "the payload is not JSON", delivery },
    ],
  ];
  for (const [what, sent, status, answer] of gitees) {
    it(`answers ${status} to Gitee for ${what}, and tells no secret`, async () => {
      const result = await deliver("gitee", sent);
      expect({ status: result.status, answer: result.answer }).to.deep.equal({ status, answer });
      expect(result.logged.map(({ level }) => level)).to.deep.equal([status < 400 ? "info" : "warn"]);
      expect(messages()).to.have.lengthOf(status === 202 ? 1 : 0);
    });
  }
});
