import { createHmac } from "node:crypto";
import { file } from "../forges/files";
import { examplePayload } from "../forges/githubPayloads";
import { noCommit } from "../forges/repository";
import { storefront } from "../forges/storefront";
import type { Delivery } from "../forges/webhook";
import { expectEqual, expectSame, type Scenario, type Step } from "./scenario";
import { pushEntryOf, type ScenarioContext } from "./scenarioContext";

interface Answer {
  status: number;
  body: string;
}

/** A request that must not start anything, and its complete response except the delivery's id. */
function refused(
  title: string,
  status: number,
  outcome: string,
  reason: string | undefined,
  ask: (context: ScenarioContext) => Promise<Answer>,
): Step {
  return {
    title,
    async run(context) {
      const trail = context.account.trail.length;
      const answer = await ask(context);
      expectEqual("the status", answer.status, status);
      const { delivery: _, forge, ...others } = JSON.parse(answer.body);
      // Requests that are too large are rejected before their forge is determined.
      expectEqual("the forge", forge, status === 413 ? undefined : "github");
      expectSame("the body", others, reason === undefined ? { outcome } : { outcome, reason });
      const queued = context.account.trail.slice(trail).filter((entry) => entry.operation === "SendMessage");
      expectEqual("messages queued", queued.length, 0);
      return reason === undefined ? `${status} ${outcome}` : `${status} ${outcome}: ${reason}`;
    },
  };
}

function answerTo(delivery: Delivery | undefined): Answer {
  if (delivery?.answer === undefined)
    throw new Error(`GitHub got no answer: ${delivery?.error ?? "nothing was delivered"}`);
  return delivery.answer;
}

/** The webhook that `deliver` added. */
function webhookOf(context: ScenarioContext) {
  const webhook = context.forges.deliveries[0]?.hook;
  if (webhook === undefined) throw new Error("No webhook was added: play deliver first.");
  return webhook;
}

/** Moves a reference to main's commit and delivers the webhook. */
async function moved(context: ScenarioContext, ref: string, gone = false): Promise<Answer> {
  const head = (await context.repository.refs()).get("refs/heads/main") ?? noCommit;
  return answerTo(await context.push(context.repository.move(ref, gone ? noCommit : head)));
}

/** A request not from GitHub. Omits undefined headers. */
function post(
  context: ScenarioContext,
  body: string,
  headers: Record<string, string | undefined> = {},
): Promise<Answer> {
  const { webhook } = pushEntryOf(context);
  if (webhook === undefined) throw new Error("The stack takes no webhooks.");
  const { url, secret } = webhook;
  const all: Record<string, string | undefined> = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": "00000000-0000-4000-8000-000000000000",
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    ...headers,
  };
  const sent = Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return context.ask(url, { method: "POST", headers: sent, body });
}

const unsigned = "X-Hub-Signature-256 is missing or is not a SHA-256 signature";
const forged = "X-Hub-Signature-256 does not match the body and the secret, or the path names no tracked repository";
const other = "the payload names repository acme/handbook, but this path and its secret belong to acme/storefront";

export const ignored: Scenario = {
  name: "ignored",
  title: "events other than pushes to a tracked branch start nothing",
  needs: ["deliver"],
  steps: [
    refused("a ping", 200, "pong", undefined, async (context) =>
      answerTo(await context.forges.deliver(webhookOf(context), "ping", examplePayload("ping", storefront))),
    ),
    refused("an event that is no push", 202, "ignored", "event issues is not tracked", async (context) =>
      answerTo(await context.forges.deliver(webhookOf(context), "issues", examplePayload("issues", storefront))),
    ),
    refused("a tag", 202, "ignored", "refs/tags/v2.0.0 is not a branch", (context) =>
      moved(context, "refs/tags/v2.0.0"),
    ),
    refused(
      "another branch, with a slash in its name",
      202,
      "ignored",
      "branch feature/search of acme/storefront is not tracked",
      (context) => moved(context, "refs/heads/feature/search"),
    ),
    refused("its deletion", 202, "ignored", "branch feature/search was deleted", (context) =>
      moved(context, "refs/heads/feature/search", true),
    ),
    refused(
      "a push to another repository, with the secret and the path of this one",
      403,
      "rejected",
      other,
      async (context) => {
        const handbook = await context.forges.createRepository("acme/handbook");
        await context.forges.addWebhook(handbook, webhookOf(context));
        const update = await handbook.commit({ "README.md": file("Handbook\n") }, "Begin the handbook");
        return answerTo((await context.forges.push(handbook, update))[0]);
      },
    ),
    refused("a delivery signed with another secret", 401, "rejected", forged, async (context) => {
      const webhook = { ...webhookOf(context), secret: "not the secret" };
      return answerTo(await context.forges.deliver(webhook, "push", examplePayload("push", storefront)));
    }),
    refused("a delivery to the path of a repository that is not tracked", 401, "rejected", forged, async (context) => {
      const webhook = webhookOf(context);
      const url = webhook.url.replace(storefront, "acme/handbook");
      return answerTo(await context.forges.deliver({ ...webhook, url }, "push", examplePayload("push", storefront)));
    }),
    refused("a request without a signature", 401, "rejected", unsigned, (context) =>
      post(context, "{}", { "x-hub-signature-256": undefined }),
    ),
    refused("a form in which there is no payload", 400, "rejected", "the form has no field payload", (context) =>
      post(context, "a=b", { "content-type": "application/x-www-form-urlencoded" }),
    ),
    refused("a body that is not JSON", 400, "rejected", "the payload is not JSON", (context) => post(context, "{")),
    refused("JSON that is no push", 400, "rejected", "not a push: ref is missing or is not a reference", (context) =>
      post(context, "{}"),
    ),
    refused("no event name", 400, "rejected", "X-GitHub-Event is missing", (context) =>
      post(context, "{}", { "x-github-event": undefined }),
    ),
    refused(
      "another content type",
      415,
      "rejected",
      "content type text/xml: use application/json or application/x-www-form-urlencoded",
      (context) => post(context, "<push/>", { "content-type": "text/xml" }),
    ),
    refused("a body of more than 5 MiB", 413, "rejected", "the body is larger than 5242880 bytes", (context) =>
      post(context, " ".repeat(5 * 1024 * 1024 + 1)),
    ),
  ],
};
