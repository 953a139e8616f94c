import type { CloudEvent } from "../../cloud/events";
import { commitVersion, storefront } from "../../forges/storefront";
import { expectDeliveries, expectRuns } from "../applications";
import { expectBackoff, fetchFailures } from "../fetchFailures";
import { outcomesTold } from "../notices";
import { betweenComparisons } from "../polling";
import { messagesIn, queuesOf } from "../queues";
import { expectEqual, expectMatches, expectSame, type Scenario, type Step } from "../scenario";
import { at, expectState } from "../state";
import { addWebhook, answers } from "../steps";
import { commitOf } from "../versions";
import type { World } from "../world";

const preview = "preview";

/** Where branches point, as commits. */
const headOf = async (world: World, branch: string): Promise<string> =>
  String((await world.repository.refs()).get(`refs/heads/${branch}`));

/** Pushed while nobody can fetch: all are taken by the webhook, and set no mark but the first. */
const pushes: Step = {
  title:
    "GitHub cannot be downloaded from; two versions are pushed to main, a third takes the second's place, and one to next",
  // A comparison of heads would find main where it was before, while the third version is made.
  run: (world) => betweenComparisons(world, () => pushAll(world)),
};

async function pushAll(world: World): Promise<undefined> {
  const { repository, forges } = world;
  forges.fault = { kind: "unreachable" };
  const first = await commitVersion(repository, "1.0.0");
  const deliveries = [await world.push(first)];
  const { mark } = world;
  const gone = await commitVersion(repository, "1.1.0");
  deliveries.push(await world.push(gone));
  await repository.move("refs/heads/main", first.after);
  const { after } = await commitVersion(repository, "1.2.0");
  deliveries.push(await world.push({ ...gone, before: gone.after, after }));
  await repository.forget();
  expectEqual("the commit that was thrown away", await repository.resolve(gone.after), undefined);
  await repository.move("refs/heads/next", first.after);
  deliveries.push(await world.push(commitVersion(repository, "2.0.0-next", "next")));
  world.mark = mark;
  expectSame(
    "GitHub's deliveries were answered",
    deliveries.map((it) => it?.answer?.status ?? it?.error),
    [202, 202, 202, 202],
  );
}

const wait: Step = {
  title: "fetch retries both branches with growing delays, and nothing is lost",
  async run(world) {
    while (fetchFailures(world).length < 6) await world.account.until((it): it is CloudEvent => it.kind === "log");
    for (const failed of fetchFailures(world)) {
      expectMatches("the cause", failed.cause, /cannot be reached|broke off|fetch failed|ECONNRESET|closed/);
      expectBackoff(failed);
    }
    const { url, deadLettersUrl } = queuesOf(world);
    expectSame(
      "messages waiting and dead",
      [await messagesIn(world, url), await messagesIn(world, deadLettersUrl)],
      [4, 0],
    );
    return `${fetchFailures(world).length} attempts`;
  },
};

const allDelivered: Step = {
  title: "GitHub is back: every commit that still exists is delivered, each branch in order",
  async run(world) {
    world.forges.fault = undefined;
    await Promise.all([expectDeliveries(world, "storefront", 2), expectDeliveries(world, preview, 1)]);
    await expectState(world, at("1.2.0"));
    const next = await headOf(world, "next");
    await expectRuns(world, preview, next, ["worker"]);
    const told = (await outcomesTold(world, 4)).map((it) =>
      String(it.split("\n", 1)[0]).replace(next, "2.0.0-next").replace(next.slice(0, 7), "2.0.0-next"),
    );
    expectSame("the notices", told.sort(), [
      "preview in ningxia: 2.0.0-next succeeded",
      "storefront in ningxia: 1.0.0 succeeded",
      "storefront in ningxia: 1.1.0 not delivered",
      "storefront in ningxia: 1.2.0 succeeded",
    ]);
    return undefined;
  },
};

const oneGivenUp: Step = {
  title: "the missing commit was looked for three times, and dropped with a notice",
  async run(world) {
    const gone = commitOf(world, "1.1.0");
    const reason = `branch main does not contain commit ${gone}`;
    const tried = fetchFailures(world).filter(({ cause }) => cause === reason);
    expectSame(
      "attempts before it was given up",
      tried.map(({ message, receives }) => [message, receives]),
      [
        ["fetch failed", 1],
        ["fetch failed", 2],
      ],
    );
    const { url, deadLettersUrl } = queuesOf(world);
    expectSame(
      "messages waiting and dead",
      [await messagesIn(world, url), await messagesIn(world, deadLettersUrl)],
      [0, 0],
    );
    const notice = (await outcomesTold(world, 4)).find((it) => it.includes("not delivered")) ?? "";
    expectMatches("the notice", notice, /branch main does not contain commit 1\.1\.0, at acme\/storefront on github/);
    return notice.split("\n", 1)[0];
  },
};

export const outage: Scenario = {
  name: "outage",
  title:
    "what is pushed while GitHub cannot be reached is delivered when it is back, and a commit that is gone holds none up",
  stack: "cn-northwest-1",
  settings: {
    "slipway:applications": [
      {
        name: "storefront",
        source: { push: { repository: storefront, branch: "main" } },
        build: { test: "npm test" },
        services: [
          { name: "web", port: 8080, cpu: 256, memory: 512, count: 2, healthCheck: "/healthz" },
          { name: "worker", command: ["node", "worker.js"] },
        ],
        migrate: { command: ["node", "migrate.js"] },
        schedules: "schedules.yaml",
      },
      {
        name: preview,
        source: { push: { repository: storefront, branch: "next" } },
        services: [{ name: "worker", command: ["node", "worker.js"] }],
      },
    ],
  },
  troubled: true,
  steps: [addWebhook, pushes, wait, allDelivered, oneGivenUp, answers("1.2.0")],
};
