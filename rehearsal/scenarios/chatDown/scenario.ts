import type { CloudEvent } from "../../cloud/events";
import { commitVersion } from "../../forges/storefront";
import { asOperator } from "../operator";
import { expectEqual, expectMatches, type Scenario } from "../scenario";
import { addWebhook, answers, delivers, push } from "../steps";
import { readable } from "../versions";
import type { World } from "../world";

const secret = "acme/slack-webhook";

/** What Slack's people read of deliveries, with versions in place of commits. */
const heard = (world: World): string[] =>
  world.chats.posts
    .filter(({ text }) => text.startsWith("[slipway] storefront in dev: "))
    .map(({ text }) => readable(world, text));

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
      async run(world) {
        const SecretString = world.chats.webhook("slack");
        await asOperator(world, "secretsmanager", "PutSecretValue", { SecretId: secret, SecretString });
        return secret;
      },
    },
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    delivers,
    {
      title: "the chat gets the message",
      async run(world) {
        await nextInvocation(world);
        expectEqual("messages in the chat", heard(world).length, 1);
        expectMatches(
          "the message",
          String(heard(world)[0]),
          /^\[slipway\] storefront in dev: 1\.0\.0 succeeded\n/,
          /\nVersion: 1\.0\.0\n/,
          /\nhttps:\/\/console\.aws\.amazon\.com\/codesuite\/codepipeline\/pipelines\/dev-storefront\//,
        );
        return heard(world)[0]?.split("\n", 1)[0];
      },
    },
    push("the chat goes down, and version 2.0.0 is pushed", async (repository, world) => {
      await world.chats.down("slack", "error");
      return commitVersion(repository, "2.0.0");
    }),
    delivers,
    answers("2.0.0"),
    {
      title: "an alarm reports that the chat got no message, without the webhook's address",
      async run(world) {
        const alarmed = world.event(
          (event): event is Alarm =>
            event.kind === "alarm" && /slack-errors/.test(event.alarm) && event.state === "ALARM",
        );
        const { outcome, error = "" } = await nextInvocation(world);
        expectEqual("the function", outcome, "failed");
        expectMatches("its error", error, /slack did not take the message: it answers HTTP 500/);
        await world.pass(5 * 60_000);
        await alarmed;
        expectEqual("messages in the chat", heard(world).length, 1);
        const address = new URL(world.chats.webhook("slack")).pathname;
        const leaks = world.account.events.filter((event) => JSON.stringify(event).includes(address));
        expectEqual("events that hold the webhook's address", leaks.length, 0);
        return (await alarmed).alarm;
      },
    },
  ],
};

/** How the chat's function ended that was told of the last delivery. */
function nextInvocation(world: World): Promise<Invocation> {
  const told = world.since().findIndex((it) => it.kind === "notice" && it.subject?.startsWith("storefront in dev: "));
  const isIt = (it: CloudEvent): it is Invocation =>
    it.kind === "function-invoked" && /-slack-function-/.test(it.function);
  const ended = world.since().slice(told).find(isIt);
  return ended === undefined ? world.account.until(isIt) : Promise.resolve(ended);
}
