import { file } from "../forges/files";
import { noCommit, type Repository } from "../forges/repository";
import type { Delivery } from "../forges/webhook";
import { expectEqual, expectSame, type Scenario, type Step } from "./scenario";
import { pushEntryOf, type ScenarioContext } from "./scenarioContext";
import { expectDeliveries, expectRuns } from "./steps/applications";
import { betweenComparisons, calls } from "./steps/polling";

/** A small application on one of the other forges. */
interface Small {
  name: string;
  forge: string;
  site: string;
  repository: string;
  /** Why a webhook with another secret is rejected. */
  refused: string;
}

const orPath = ", or the path names no tracked repository";

const loyalty: Small = {
  name: "loyalty",
  forge: "gitlab",
  site: "gitlab.com",
  repository: "acme/shop/loyalty",
  refused: `X-Gitlab-Token is not the secret${orPath}`,
};
const search: Small = {
  name: "search",
  forge: "bitbucket",
  site: "bitbucket.org",
  repository: "acme/search",
  refused: `X-Hub-Signature does not match the body and the secret${orPath}`,
};
const stock: Small = {
  name: "stock",
  forge: "gitee",
  site: "gitee.com",
  repository: "acme/stock",
  refused: `X-Gitee-Token is neither the secret nor its signature of an X-Gitee-Timestamp within an hour of now${orPath}`,
};
/** Its administrators differ from loyalty's. */
const returns: Small = { ...loyalty, name: "returns", repository: "acme/shop/returns" };
const all = [loyalty, returns, search, stock];

const dockerfile = `FROM public.ecr.aws/docker/library/node:24-alpine
WORKDIR /app
COPY . .
`;
const worker = (text: string) => `console.log(${JSON.stringify(text)});
setInterval(() => {}, 1000);
process.once("SIGTERM", () => process.exit());
`;

/** Commits a version of a small application and sends its forge's webhook. */
async function commit(context: ScenarioContext, repository: Repository, text: string): Promise<Delivery> {
  const update = repository.commit({ Dockerfile: file(dockerfile), "worker.js": file(worker(text)) }, text);
  const delivery = await context.push(update, repository);
  if (delivery === undefined) throw new Error(`${repository.name} has no webhook.`);
  return delivery;
}

const answerOf = ({ answer, error }: Delivery): Record<string, unknown> => {
  const { outcome, reason } = JSON.parse(answer?.body ?? "{}");
  return { status: answer?.status ?? error, outcome, reason };
};

/** Messages queued by the webhook so far. Deliveries in progress queue their own messages. */
const sent = (context: ScenarioContext): number => calls(context, "sqs", "SendMessage", /-webhook-role-/);

/** Repositories by application, once created: each scenario has its own world. */
const repositories = new WeakMap<ScenarioContext, Map<string, Repository>>();

function repositoryOf(context: ScenarioContext, { name }: Small): Repository {
  const found = repositories.get(context)?.get(name);
  if (found === undefined) throw new Error(`${name} has no repository yet.`);
  return found;
}

/** Before the first branch query, which would find no repository. */
const creates: Step = {
  title: "the repositories are created",
  async run(context) {
    for (const { name, repository, site } of all) {
      const created = await context.forges.createRepository(repository, site);
      repositories.set(context, (repositories.get(context) ?? new Map()).set(name, created));
    }
    return undefined;
  },
};

function webhookOf(context: ScenarioContext, { forge, repository }: Small): { url: string; secret: string } {
  const { webhook } = pushEntryOf(context, `${forge}/${repository}`);
  if (webhook === undefined) throw new Error("The stack takes no webhooks.");
  return webhook;
}

/** A person sets a wrong secret, corrects it, and has the forge deliver again. */
const sets = (small: Small): Step => ({
  title: `${small.site}: a push with a wrong secret is rejected, and one with the stack's secret is accepted`,
  run: (context) =>
    betweenComparisons(context, async () => {
      const webhook = webhookOf(context, small);
      const repository = repositoryOf(context, small);
      await context.forges.addWebhook(repository, { url: webhook.url, secret: "not the secret", contentType: "json" });
      const before = sent(context);
      const delivery = await commit(context, repository, `${small.name} 1`);
      expectSame("the answer", answerOf(delivery), { status: 401, outcome: "rejected", reason: small.refused });
      expectEqual("messages", sent(context), before);
      context.forges.editWebhooks(repository, { secret: webhook.secret });
      expectSame("the answer", answerOf(await context.forges.redeliver(delivery)), { status: 202, outcome: "queued" });
      expectEqual("messages", sent(context), before + 1);
      return new URL(webhook.url).pathname;
    }),
});

const delivered = (small: Small, times: number): Step => ({
  title: `${small.name} is delivered, and the commit at ${small.site} runs`,
  async run(context) {
    await expectDeliveries(context, small.name, times);
    const head = String((await repositoryOf(context, small).refs()).get("refs/heads/main"));
    await expectRuns(context, small.name, head, ["worker"]);
    return head.slice(0, 7);
  },
});

const signed: Step = {
  title: "Gitee's webhook uses a signature instead of the password, and a push is accepted too",
  run: (context) =>
    betweenComparisons(context, async () => {
      const repository = repositoryOf(context, stock);
      context.forges.editWebhooks(repository, { signed: true, secret: "not the secret" });
      const refused = await commit(context, repository, "stock 2");
      expectSame("the answer", answerOf(refused), { status: 401, outcome: "rejected", reason: stock.refused });
      context.forges.editWebhooks(repository, { secret: webhookOf(context, stock).secret });
      expectSame("the answer", answerOf(await context.forges.redeliver(refused)), { status: 202, outcome: "queued" });
      return undefined;
    }),
};

/** The commit is the head of loyalty's branch: fetch would accept it. */
const impostor: Step = {
  title: `whoever administers ${returns.repository} cannot deliver under ${loyalty.repository}'s name`,
  async run(context) {
    const commit = String((await repositoryOf(context, loyalty).refs()).get("refs/heads/main"));
    const project = { path_with_namespace: loyalty.repository };
    const body = JSON.stringify({ ref: "refs/heads/main", before: noCommit, after: commit, project });
    const before = sent(context);
    const post = async (small: Small) => {
      const headers = {
        "content-type": "application/json",
        "x-gitlab-event": "Push Hook",
        "idempotency-key": "00000000-0000-4000-8000-000000000000",
        "x-gitlab-token": webhookOf(context, returns).secret,
      };
      const { status, body: text } = await context.ask(webhookOf(context, small).url, {
        method: "POST",
        headers,
        body,
      });
      const { outcome, reason } = JSON.parse(text);
      return { status, outcome, reason };
    };
    expectSame("the answer at its own path", await post(returns), {
      status: 403,
      outcome: "rejected",
      reason: `the payload names repository ${loyalty.repository}, but this path and its secret belong to ${returns.repository}`,
    });
    expectSame("the answer at the other path", await post(loyalty), {
      status: 401,
      outcome: "rejected",
      reason: loyalty.refused,
    });
    expectEqual("messages", sent(context), before);
    return "403 and 401";
  },
};

export const forges: Scenario = {
  name: "forges",
  title: "pushes to GitLab, Bitbucket and Gitee are verified as each forge requires, and delivered",
  settings: {
    "slipway:deploymentApi": false,
    "slipway:applications": all.map(({ name, forge, repository }) => ({
      name,
      source: { push: { forge, repository, branch: "main" } },
      services: [{ name: "worker", command: ["node", "worker.js"] }],
    })),
  },
  steps: [creates, ...all.map(sets), ...all.map((it) => delivered(it, 1)), impostor, signed, delivered(stock, 2)],
};
