import { expect } from "chai";
import { FORGES, type Forge, type TrackedBranch } from "../../handlers/shared/forge";
import type { WebhookOptions } from "../../handlers/webhook";
import type { Endpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";
import { NOW, proofsIn, pushes } from "./webhookDeliveries";
import { startWebhook, type WebhookFunction } from "./webhookFunction";

const SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhooks-AbCdEf";
const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/pushes.fifo";

/** At every forge: the one that the sample deliveries name, and one with other administrators. The stack file spells them so. */
const storefront = (forge: Forge) => (forge === "gitlab" ? "acme/shops/storefront" : "Acme/Storefront");
const website = (forge: Forge) => (forge === "gitlab" ? "acme/shops/website" : "acme/website");
const keyOf = (forge: Forge, repository: string) => `${forge}/${repository.toLowerCase()}`;
const secretOf = (forge: Forge, repository: string) => `Hcq3zy0Kf9Sg7p2V-of-${keyOf(forge, repository)}`;

const track = (forge: Forge, repository: string): TrackedBranch => ({
  forge,
  repository,
  branch: "main",
  application: repository,
});
const options: WebhookOptions = {
  secretArn: SECRET_ARN,
  queueUrl: QUEUE_URL,
  sources: FORGES.flatMap((forge) => [track(forge, website(forge)), track(forge, storefront(forge))]),
};
const STORED: Record<string, string> = Object.fromEntries(
  options.sources.map(({ forge, repository }) => [keyOf(forge, repository), secretOf(forge, repository)]),
);

describe("webhook callback with a path and a secret for each repository, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let lambda: Lambda;
  let close: WebhookFunction["close"];

  before(async () => {
    ({ text, endpoint, lambda, close } = await startWebhook(options, JSON.stringify(STORED)));
  });
  beforeEach(() => {
    endpoint.requests = [];
  });
  after(() => close());

  /** Sends the sample push to a path. Neither answer nor log hold a secret, or what proves one. */
  async function deliver(forge: Forge, rawPath: string, secret: string, to = lambda) {
    const { headers, body } = pushes[forge](secret);
    const { value, error, lines } = await to.invoke({
      version: "2.0",
      rawPath,
      headers: { "content-type": "application/json", ...headers },
      requestContext: { timeEpoch: NOW },
      body,
      isBase64Encoded: false,
    });
    expect(error).to.equal(undefined);
    const { statusCode: status, body: answer } = value as { statusCode: number; body: string };
    const said = [answer, ...lines].join("\n");
    for (const proof of [...Object.values(STORED), ...proofsIn(headers)]) {
      expect(said).not.to.include(proof);
    }
    return { status, answer: JSON.parse(answer), logged: lines.map((line) => JSON.parse(line)) };
  }

  const messages = () => endpoint.requests.filter(({ operation }) => operation === "SendMessage").length;

  for (const forge of FORGES) {
    const [own, others] = [website(forge), storefront(forge)];

    it(`does not let whoever administers repository A at ${forge} deliver under B's name at A's path`, async () => {
      const { status, answer, logged } = await deliver(forge, `/webhooks/${forge}/${own}`, secretOf(forge, own));
      const named = forge === "gitlab" ? others : others.toLowerCase();
      const reason = `the payload names repository ${named}, but this path and its secret belong to ${own}`;
      const { delivery, ...told } = answer;
      expect({ status, ...told }).to.deep.equal({ status: 403, outcome: "rejected", forge, reason });
      expect(logged).to.deep.equal([
        { level: "warn", message: "webhook rejected", statusCode: 403, forge, reason, delivery },
      ]);
      expect(messages()).to.equal(0);
    });

    it(`does not let whoever administers repository A at ${forge} deliver under B's name at B's path`, async () => {
      const { status, answer, logged } = await deliver(forge, `/webhooks/${forge}/${others}`, secretOf(forge, own));
      expect([status, answer.outcome]).to.deep.equal([401, "rejected"]);
      expect(logged.map(({ level, repository }) => [level, repository])).to.deep.equal([["warn", others]]);
      expect(messages()).to.equal(0);
    });

    it(`answers for ${forge} the same at the path of a repository that is not tracked, and asks for as much`, async () => {
      const answers = [];
      for (const repository of [others, "acme/cellar", `${others}/`, `${others}/main`]) {
        endpoint.requests = [];
        const fresh = startLambda({ text, options, endpointUrl: endpoint.url });
        const { status, answer } = await deliver(forge, `/webhooks/${forge}/${repository}`, "forged", fresh);
        await fresh.close();
        answers.push({ status, answer, asked: endpoint.requests.map(({ operation }) => operation) });
      }
      const [tracked, ...untracked] = answers;
      expect(untracked).to.deep.equal(Array(3).fill(tracked));
      expect([tracked?.status, tracked?.asked]).to.deep.equal([401, ["GetSecretValue"]]);
    });
  }

  it("accepts no stored secret at the path of a repository that is not tracked, and says why in its log alone", async () => {
    const sources = options.sources.filter(({ repository }) => repository !== storefront("github"));
    const former = startLambda({ text, options: { ...options, sources }, endpointUrl: endpoint.url });
    const path = `/webhooks/github/${storefront("github")}`;
    const { status, answer, logged } = await deliver("github", path, secretOf("github", storefront("github")), former);
    await former.close();
    expect([status, answer.outcome]).to.deep.equal([401, "rejected"]);
    expect(logged.map(({ cause }) => cause)).to.deep.equal(["the path names no tracked repository"]);
    expect(messages()).to.equal(0);
  });

  it("finds the repository in whatever case its path is written", async () => {
    for (const path of ["ACME/STOREFRONT", "acme/storefront"]) {
      const { status } = await deliver("github", `/webhooks/github/${path}`, secretOf("github", storefront("github")));
      expect(status).to.equal(202);
    }
    expect(messages()).to.equal(2);
  });

  it("takes the secret that one repository's was rotated to, and those of the others as before", async () => {
    const { GetSecretValue } = endpoint.answers;
    // Whenever the function asks what time it is, it is eleven seconds later: a cached secret may be read again.
    const hasty = `{ const now = Date.now; let skew = 0; Date.now = () => now() + (skew += 11_000); }\n${text}`;
    const fresh = startLambda({ text: hasty, options, endpointUrl: endpoint.url });
    const [rotated, rotatedTo] = [storefront("gitlab"), "rotated-0123456789"];
    const statusOf = async (repository: string, secret: string) =>
      (await deliver("gitlab", `/webhooks/gitlab/${repository}`, secret, fresh)).status;
    const before = await statusOf(rotated, secretOf("gitlab", rotated));
    const stored = JSON.stringify({ ...STORED, [keyOf("gitlab", rotated)]: rotatedTo });
    endpoint.answers.GetSecretValue = () => ({ SecretString: stored });
    const after = [
      await statusOf(rotated, rotatedTo),
      await statusOf(rotated, secretOf("gitlab", rotated)),
      // It is verified, and names the other.
      await statusOf(website("gitlab"), secretOf("gitlab", website("gitlab"))),
    ];
    await fresh.close();
    Object.assign(endpoint.answers, { GetSecretValue });
    expect([before, ...after]).to.deep.equal([202, 202, 401, 403]);
    expect(messages()).to.equal(2);
  });

  const key = keyOf("github", storefront("github"));
  const broken: [string, string][] = [
    ["holds none for the repository", JSON.stringify({ ...STORED, [key]: undefined })],
    ["holds an empty one for the repository, with which anyone could sign", JSON.stringify({ ...STORED, [key]: "" })],
    ["is no JSON", "secret"],
  ];
  for (const [what, stored] of broken) {
    it(`answers 503 if the secret ${what}`, async () => {
      const { GetSecretValue } = endpoint.answers;
      endpoint.answers.GetSecretValue = () => ({ SecretString: stored });
      const fresh = startLambda({ text, options, endpointUrl: endpoint.url });
      const path = `/webhooks/github/${storefront("github")}`;
      const answers = [await deliver("github", path, "forged", fresh), await deliver("github", path, "", fresh)];
      await fresh.close();
      Object.assign(endpoint.answers, { GetSecretValue });
      const reason = "the webhook's secret cannot be read";
      for (const { status, answer, logged } of answers) {
        expect({ status, ...answer }).to.deep.equal({ status: 503, outcome: "failed", forge: "github", reason });
        expect(logged.map(({ cause }) => cause)).to.deep.equal([
          `key ${key} of secret ${SECRET_ARN} has no text value: store the webhook's secret there`,
        ]);
      }
    });
  }
});
