import type { CloudEvent } from "../cloud/events";
import { commitVersion, storefront } from "../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Scenario, type Step } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { expectDeliveries, expectRuns } from "./steps/applications";
import { addWebhook, answers } from "./steps/deliveries";
import { expectBackoff, fetchFailures } from "./steps/fetchFailures";
import { outcomeNotices } from "./steps/notices";
import { betweenComparisons } from "./steps/polling";
import { messagesIn, queuesOf } from "./steps/queues";
import { at, expectState } from "./steps/state";
import { commitOf } from "./steps/versions";

const preview = "preview";

/** The head commits of branches. */
const headOf = async (context: ScenarioContext, branch: string): Promise<string> =>
  String((await context.repository.refs()).get(`refs/heads/${branch}`));

/** Pushes while fetching is impossible: the webhook accepts all; only the first sets the mark. */
const pushes: Step = {
  title:
    "GitHub cannot be downloaded from; two versions are pushed to main, a third takes the second's place, and one to next",
  // The head comparison would still see main's old head while the third version is being committed.
  run: (context) => betweenComparisons(context, () => pushAll(context)),
};

async function pushAll(context: ScenarioContext): Promise<undefined> {
  const { repository, forges } = context;
  forges.fault = { kind: "unreachable" };
  const first = await commitVersion(repository, "1.0.0");
  const deliveries = [await context.push(first)];
  const { mark } = context;
  const gone = await commitVersion(repository, "1.1.0");
  deliveries.push(await context.push(gone));
  await repository.move("refs/heads/main", first.after);
  const { after } = await commitVersion(repository, "1.2.0");
  deliveries.push(await context.push({ ...gone, before: gone.after, after }));
  await repository.forget();
  expectEqual("the commit that was thrown away", await repository.resolve(gone.after), undefined);
  await repository.move("refs/heads/next", first.after);
  deliveries.push(await context.push(commitVersion(repository, "2.0.0-next", "next")));
  context.mark = mark;
  expectSame(
    "GitHub's deliveries were answered",
    deliveries.map((it) => it?.answer?.status ?? it?.error),
    [202, 202, 202, 202],
  );
}

const wait: Step = {
  title: "fetch retries both branches with growing delays, and nothing is lost",
  async run(context) {
    while (fetchFailures(context).length < 6) await context.account.until((it): it is CloudEvent => it.kind === "log");
    for (const failed of fetchFailures(context)) {
      expectMatches("the cause", failed.cause, /cannot be reached|broke off|fetch failed|ECONNRESET|closed/);
      expectBackoff(failed);
    }
    const { url, deadLettersUrl } = queuesOf(context);
    expectSame(
      "messages waiting and dead",
      [await messagesIn(context, url), await messagesIn(context, deadLettersUrl)],
      [4, 0],
    );
    return `${fetchFailures(context).length} attempts`;
  },
};

const allDelivered: Step = {
  title: "GitHub is back: every commit that still exists is delivered, each branch in order",
  async run(context) {
    context.forges.fault = undefined;
    await Promise.all([expectDeliveries(context, "storefront", 2), expectDeliveries(context, preview, 1)]);
    await expectState(context, at("1.2.0"));
    const next = await headOf(context, "next");
    await expectRuns(context, preview, next, ["worker"]);
    const notices = (await outcomeNotices(context, 4)).map((it) =>
      String(it.split("\n", 1)[0]).replace(next, "2.0.0-next").replace(next.slice(0, 7), "2.0.0-next"),
    );
    expectSame("the notices", notices.sort(), [
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
  async run(context) {
    const gone = commitOf(context, "1.1.0");
    const reason = `branch main does not contain commit ${gone}`;
    const tried = fetchFailures(context).filter(({ cause }) => cause === reason);
    expectSame(
      "attempts before it was given up",
      tried.map(({ message, receives }) => [message, receives]),
      [
        ["fetch failed", 1],
        ["fetch failed", 2],
      ],
    );
    const { url, deadLettersUrl } = queuesOf(context);
    expectSame(
      "messages waiting and dead",
      [await messagesIn(context, url), await messagesIn(context, deadLettersUrl)],
      [0, 0],
    );
    const notice = (await outcomeNotices(context, 4)).find((it) => it.includes("not delivered")) ?? "";
    expectMatches("the notice", notice, /In acme\/storefront on github, branch main does not contain commit 1\.1\.0\./);
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
