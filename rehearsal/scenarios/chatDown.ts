import type { CloudEvent } from "../cloud/events";
import { commitVersion } from "../forges/storefront";
import { expectEqual, expectMatches, type Scenario } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { addWebhook, answers, delivers, push } from "./steps/deliveries";
import { asOperator } from "./steps/operator";
import { readable } from "./steps/versions";

const secret = "acme/slack-webhook";

/** Slack messages about deliveries, with versions in place of commits. */
const heard = (context: ScenarioContext): string[] =>
  context.chats.posts
    .filter(({ text }) => text.startsWith("[slipway] storefront in dev: "))
    .map(({ text }) => readable(context, text));

type Invocation = Extract<CloudEvent, { kind: "function-invoked" }>;
type Alarm = Extract<CloudEvent, { kind: "alarm" }>;

export const chatDown: Scenario = {
  name: "chatDown",
  title: "a chat gets a message for each delivery, and a chat that is down delays none",
  settings: { "slipway:alerts": { chat: { slack: secret } } },
  secrets: [secret],
  troubled: true,
  steps: [
    {
      title: "the operator stores the webhook's address in its secret",
      async run(context) {
        const SecretString = context.chats.webhook("slack");
        await asOperator(context, "secretsmanager", "PutSecretValue", { SecretId: secret, SecretString });
        return secret;
      },
    },
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    delivers,
    {
      title: "the chat gets the message",
      async run(context) {
        await nextInvocation(context);
        expectEqual("messages in the chat", heard(context).length, 1);
        expectMatches(
          "the message",
          String(heard(context)[0]),
          /^\[slipway\] storefront in dev: 1\.0\.0 succeeded\n/,
          /\nVersion: 1\.0\.0\n/,
          /\nhttps:\/\/console\.aws\.amazon\.com\/codesuite\/codepipeline\/pipelines\/dev-storefront\//,
        );
        return heard(context)[0]?.split("\n", 1)[0];
      },
    },
    push("the chat goes down, and version 2.0.0 is pushed", async (repository, context) => {
      await context.chats.down("slack", "error");
      return commitVersion(repository, "2.0.0");
    }),
    delivers,
    answers("2.0.0"),
    {
      title: "an alarm reports that the chat got no message, without the webhook's address",
      async run(context) {
        const alarmed = context.event(
          (event): event is Alarm =>
            event.kind === "alarm" && /slack-errors/.test(event.alarm) && event.state === "ALARM",
        );
        const { outcome, error = "" } = await nextInvocation(context);
        expectEqual("the function", outcome, "failed");
        expectMatches("its error", error, /the message was not posted to slack: it returned HTTP 500/);
        await context.pass(5 * 60_000);
        await alarmed;
        expectEqual("messages in the chat", heard(context).length, 1);
        const address = new URL(context.chats.webhook("slack")).pathname;
        const leaks = context.account.events.filter((event) => JSON.stringify(event).includes(address));
        expectEqual("events that hold the webhook's address", leaks.length, 0);
        return (await alarmed).alarm;
      },
    },
  ],
};

/** The next invocation of the chat function after a delivery. */
function nextInvocation(context: ScenarioContext): Promise<Invocation> {
  const noticed = context
    .since()
    .findIndex((it) => it.kind === "notice" && it.subject?.startsWith("storefront in dev: "));
  const isIt = (it: CloudEvent): it is Invocation =>
    it.kind === "function-invoked" && /-slack-function-/.test(it.function);
  const ended = context.since().slice(noticed).find(isIt);
  return ended === undefined ? context.account.until(isIt) : Promise.resolve(ended);
}
