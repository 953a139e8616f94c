import { expect } from "chai";
import { type ChatOptions, createChat } from "../../handlers/chat";
import { CHAT_KINDS } from "../../handlers/chat/shape";
import { serialize } from "../../infra/lambda/serialization";
import { type Chats, startChats } from "../../rehearsal/chat/chats";
import type { ChatKind } from "../../rehearsal/chat/robots";
import type { CloudEvent } from "../../rehearsal/cloud/events";
import { createLambda } from "../../rehearsal/cloud/lambda";
import { createLogs } from "../../rehearsal/cloud/logs";
import { createSecretsManager } from "../../rehearsal/cloud/secretsManager";
import { createSns } from "../../rehearsal/cloud/sns";
import { declareFunction, isKind, linesOf } from "../rehearsal/cloud/lambda/support";
import { createTestCloud, type TestCloud } from "../rehearsal/support";

const MINUTE = 60_000;
const OPERATOR = { kind: "operator" } as const;

type Invoked = Extract<CloudEvent, { kind: "function-invoked" }>;

describe("chat callback, serialised", () => {
  let text: string;
  let cloud: TestCloud;
  let chats: Chats;

  before(async () => {
    text = await serialize(createChat);
  });
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs, createSecretsManager, createSns]);
    chats = await startChats({ addresses: cloud.addresses });
  });
  afterEach(async () => {
    await chats.close();
    await cloud.close();
  });

  /** Declares a topic, the secret of a chat, and the function that tells the chat. @returns publishes to the topic */
  async function subscribe(kind: ChatKind, secretString: string, key?: string) {
    const secret = await cloud.declare("aws:secretsmanager/secret:Secret", kind, { name: `${kind}-webhook` });
    await cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", kind, { secretId: secret.id, secretString });
    const { outputs } = await cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" });
    const options: ChatOptions = { kind, secret: { secretId: secret.id, ...(key !== undefined && { key }) } };
    const { arn } = await declareFunction(
      cloud,
      "chat",
      text,
      { environment: { variables: { OPTIONS: JSON.stringify(options) } }, timeout: 30 },
      [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secret.id }],
    );
    await cloud.declare("aws:lambda/permission:Permission", "chat", {
      action: "lambda:InvokeFunction",
      function: "chat",
      principal: "sns.amazonaws.com",
      sourceArn: outputs.arn,
    });
    const subscription = { topic: outputs.arn, protocol: "lambda", endpoint: arn };
    await cloud.declare("aws:sns/topicSubscription:TopicSubscription", "chat", subscription);
    await cloud.start();
    return {
      secretId: secret.id,
      publish: (Subject: string, Message: string) =>
        cloud.call(OPERATOR, "sns", "Publish", { TopicArn: outputs.arn, Subject, Message }),
    };
  }

  const invoked = () => cloud.until((event): event is Invoked => event.kind === "function-invoked");
  /** Lets Lambda try again, which it does after a minute. */
  async function retry() {
    // Until the failed invocation has been queued again.
    await new Promise(setImmediate);
    const outcome = invoked();
    await cloud.clock.turn(MINUTE);
    return outcome;
  }
  const logged = () => linesOf(cloud, "/aws/lambda/chat").join("\n");
  /** The part of a webhook's address that is secret. */
  const tokenOf = (kind: ChatKind) => chats.webhook(kind).split(/[/=]/).at(-1) ?? "";

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  for (const kind of CHAT_KINDS)
    it(`posts a notice to ${kind}, whose webhook is a secret`, async () => {
      const { publish } = await subscribe(kind, chats.webhook(kind));
      const outcome = invoked();
      await publish("storefront in dev: failed", "storefront in dev: failed\n\nBuild <1> & more");
      expect(await outcome).to.include({ outcome: "succeeded" });
      expect(chats.posts).to.deep.equal([{ kind, text: "[slipway] storefront in dev: failed\n\nBuild <1> & more" }]);
      expect(logged()).to.include('"message":"posted to the chat"').and.not.include(tokenOf(kind));
    });

  it("reads the webhook under a key, once for many messages", async () => {
    const { publish } = await subscribe("slack", JSON.stringify({ slack: chats.webhook("slack") }), "slack");
    for (const message of ["first", "second"]) {
      const outcome = invoked();
      await publish("Hello", message);
      await outcome;
    }
    expect(chats.posts.map((it) => it.text)).to.deep.equal(["[slipway] Hello\nfirst", "[slipway] Hello\nsecond"]);
    expect(cloud.trail.filter((it) => it.operation === "GetSecretValue")).to.have.length(1);
  });

  const outages: [ChatKind, "refused" | "error" | "limited", string][] = [
    ["slack", "refused", "it cannot be reached: ECONNREFUSED"],
    ["slack", "limited", "it returned HTTP 429 rate_limited"],
    ["teams", "limited", "it returned HTTP 429 Rate limit is exceeded."],
    ["feishu", "error", "it returned HTTP 500 Internal Server Error"],
    ["feishu", "limited", 'it returned {"code":11232,"msg":"frequency limited","data":{}}'],
    ["dingtalk", "limited", 'it returned {"errcode":410100,"errmsg":"发送速度太快而限流"}'],
    ["wecom", "limited", 'it returned {"errcode":45009,"errmsg":"api freq out of limit"}'],
  ];
  for (const [kind, outage, answer] of outages)
    it(`fails while ${kind} is down (${outage}), and posts when Lambda tries again`, async () => {
      const { publish, secretId } = await subscribe(kind, chats.webhook(kind));
      await chats.down(kind, outage);
      const first = invoked();
      await publish("Hello", "there");
      const hint = `check that secret ${secretId} contains the URL of an active webhook, and check the webhook's settings`;
      expect((await first).error).to.equal(
        `Failure: the message was not posted to ${kind}: ${answer}; Lambda retries twice; ${hint}`,
      );
      await chats.down(kind);
      expect(await retry()).to.include({ outcome: "succeeded" });
      expect(chats.posts).to.deep.equal([{ kind, text: "[slipway] Hello\nthere" }]);
      expect(logged()).not.to.include(tokenOf(kind));
    });

  it("takes the new webhook at once where the old one is gone", async () => {
    const gone = chats.webhook("wecom").replace(/key=.*/, "key=00000000-0000-4000-8000-000000000000");
    const { publish, secretId } = await subscribe("wecom", gone);
    const refused = invoked();
    await publish("Hello", "first");
    expect((await refused).error).to.include('it returned {"errcode":93000,"errmsg":"invalid webhook url"}');
    await cloud.call(OPERATOR, "secretsmanager", "PutSecretValue", {
      SecretId: secretId,
      SecretString: chats.webhook("wecom"),
      ClientRequestToken: "00000000-0000-4000-8000-000000000001",
    });
    expect(await retry()).to.include({ outcome: "succeeded" });
    expect(chats.posts).to.deep.equal([{ kind: "wecom", text: "[slipway] Hello\nfirst" }]);
    expect(logged()).not.to.include("00000000-0000-4000-8000-000000000000");
  });

  it("names the secret that holds no https URL, and nothing of what it holds", async () => {
    const secret = chats.webhook("slack").replace("https", "http");
    const { publish, secretId } = await subscribe("slack", secret);
    const outcome = invoked();
    await publish("Hello", "there");
    const message = `secret ${secretId} is not an https URL: store the chat's webhook URL there`;
    expect((await outcome).error).to.equal(`Failure: ${message}`);
    expect(logged()).to.include(message).and.not.include(tokenOf("slack"));
  });

  it("says that the secret cannot be read", async () => {
    const { publish, secretId } = await subscribe("slack", chats.webhook("slack"));
    const policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: "secretsmanager:GetSecretValue", Resource: "*" }],
    });
    await cloud.declare("aws:iam/rolePolicy:RolePolicy", "denial", { name: "denial", role: "chat", policy });
    const outcome = invoked();
    await publish("Hello", "there");
    expect((await outcome).error).to.match(
      new RegExp(`^Failure: secret ${secretId} cannot be read: AccessDeniedException: User: .* with an explicit deny`),
    );
    expect(cloud.events.filter(isKind("notice"))).to.have.length(1);
  });
});
