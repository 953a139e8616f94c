import { expect } from "chai";
import type { Program } from "../../../rehearsal/program";
import { withKeys } from "../configurations";
import { evaluateStack, GENERATED, ofType, optionsOf, ROTATED, resource, roleStatements } from "../support";

const SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret";
const named = (name: string) => `arn:aws:secretsmanager:us-east-1:123456789012:${name}-0000000`;

const application = (name: string, push: object) => ({
  name,
  source: { push: { branch: "main", ...push } },
  services: [{ name: "job", command: ["run"] }],
});

const SETTINGS = {
  "slipway:forges": {
    github: { token: "forges/github" },
    gitlab: { url: "https://gitlab.acme.example", token: `${SECRETS}:forges-AbCdEf:gitlab::` },
  },
  "slipway:applications": [
    application("reports", { forge: "gitlab", repository: "acme/data/reports" }),
    application("shop", { forge: "gitee", repository: "acme/shop" }),
    application("storefront", { repository: "acme/storefront" }),
    application("admin", { repository: "Acme/Admin" }),
    application("preview", { repository: "acme/storefront", branch: "preview" }),
  ],
};

const ACCESS = {
  github: { url: "https://github.com", token: { secretId: `${SECRETS}:forges/github-AbCdEf` } },
  gitlab: { url: "https://gitlab.acme.example", token: { secretId: `${SECRETS}:forges-AbCdEf`, key: "gitlab" } },
  gitee: { url: "https://gitee.com" },
};

const TRACKED = [
  { forge: "gitlab", repository: "acme/data/reports", branch: "main", application: "reports" },
  { forge: "gitee", repository: "acme/shop", branch: "main", application: "shop" },
  { forge: "github", repository: "acme/storefront", branch: "main", application: "storefront" },
  { forge: "github", repository: "Acme/Admin", branch: "main", application: "admin" },
  { forge: "github", repository: "acme/storefront", branch: "preview", application: "preview" },
];

const SECRETS_BY_REPOSITORY = {
  "gitlab/acme/data/reports": GENERATED,
  "gitee/acme/shop": GENERATED,
  "github/acme/storefront": ROTATED,
  "github/acme/admin": GENERATED,
};

const readingTokens = (program: Program, role: string) =>
  roleStatements(program, role).filter(({ Action }) => String(Action).includes("secretsmanager"));

describe("a stack with sources at three forges", () => {
  let program: Program;
  before(async () => {
    program = await evaluateStack({ settings: withKeys(SETTINGS) });
  });

  it("has an address and a secret of its own for each repository, whatever its case and however many branches are tracked", () => {
    const keys = ["gitlab/acme/data/reports", "gitee/acme/shop", "github/acme/storefront", "github/acme/admin"];
    expect(program.outputs).to.deep.include({
      webhookUrls: Object.fromEntries(keys.map((key) => [key, `https://api.example/webhooks/${key}`])),
      webhookSecrets: SECRETS_BY_REPOSITORY,
    });
    expect(program.secretOutputs).to.deep.equal(["webhookSecrets"]);
  });

  it("stores all of them in one secret: those that were rotated stay, new ones are added, others are removed", () => {
    const versions = [...ofType(program, "aws:secretsmanager/secretVersion:SecretVersion").values()];
    expect(versions.map(({ name, secrets }) => [name, secrets.includes("secretString")])).to.deep.equal([
      ["slipway-webhooks", true],
    ]);
    expect(JSON.parse(String(versions[0]?.inputs.secretString))).to.deep.equal(SECRETS_BY_REPOSITORY);
  });

  it("leads each address to the one function", () => {
    const routes = [...ofType(program, "aws:apigatewayv2/route:Route").values()];
    expect(routes.map(({ name, inputs }) => [name, inputs.routeKey, inputs.target])).to.deep.equal(
      ["github", "gitlab", "gitee"].map((forge) => [
        `slipway-webhook-${forge}`,
        `POST /webhooks/${forge}/{repository+}`,
        "integrations/slipway-webhook-id",
      ]),
    );
    expect(resource(program, "aws:lambda/permission:Permission", "slipway-webhook").inputs.sourceArn).to.equal(
      "arn:aws:execute-api:us-east-1:123456789012:api/*/POST/webhooks/*",
    );
  });

  it("lets the webhook read that secret", () => {
    expect(optionsOf(program, "slipway-webhook")).to.deep.equal({
      secretArn: named("slipway-webhooks"),
      queueUrl: "https://sqs.example/slipway-pushes-0000000.fifo",
      sources: TRACKED,
    });
    expect(readingTokens(program, "slipway-webhook-role")).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue"],
        Resource: [named("slipway-webhooks")],
      },
    ]);
  });

  it("tells fetch where each forge is and where its token is, and lets it read these alone", () => {
    expect(optionsOf(program, "slipway-fetch")).to.deep.include({ forges: ACCESS });
    expect(readingTokens(program, "slipway-fetch-role")).to.deep.equal(
      [ACCESS.github, ACCESS.gitlab].map(({ token }) => ({
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue"],
        Resource: [token.secretId],
      })),
    );
  });
});

describe("a stack that polls three forges", () => {
  let program: Program;
  before(async () => {
    program = await evaluateStack({ settings: withKeys({ ...SETTINGS, "slipway:intake": "poll" }) });
  });

  it("tells poll what fetch is told of them", () => {
    expect(optionsOf(program, "slipway-poll")).to.deep.equal({
      bucket: "slipway-archives-bucket-0000000",
      key: "poll/enqueued.json",
      queueUrl: "https://sqs.example/slipway-pushes-0000000.fifo",
      forges: ACCESS,
      sources: TRACKED.map((tracked) => ({ ...tracked, key: `${tracked.application}/source.zip` })),
    });
    expect(readingTokens(program, "slipway-poll-role")).to.deep.equal(readingTokens(program, "slipway-fetch-role"));
  });

  it("has no API, and no secrets of webhooks", () => {
    expect(program.registrations.filter(({ type }) => /apigatewayv2|secretsmanager/.test(type))).to.deep.equal([]);
  });

  it("keeps its functions out of the VPC, outside of China and without a NAT instance", () => {
    const { vpcConfig } = resource(program, "aws:lambda/function:Function", "slipway-poll-function").inputs;
    expect(vpcConfig).to.equal(undefined);
  });
});
