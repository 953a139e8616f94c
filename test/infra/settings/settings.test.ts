import { expect } from "chai";
import { checkSettings } from "../../../infra/settings/schema";
import {
  beijing,
  mistakesOf,
  type Raw,
  settingsOf,
  smallest,
  storefront,
  web,
  withApplication,
  withImage,
  withKeys,
  withPush,
  withService,
  withServices,
} from "../configurations";

describe("a stack's configuration", () => {
  it("refuses a Pulumi secret among the settings", () => {
    expect(mistakesOf(smallest, ["slipway:applications", "acme:token"])).to.deep.equal([
      "slipway:applications: contains a Pulumi secret; store it in Secrets Manager or SSM, and write its name or ARN here",
    ]);
  });

  it("shows a long value by its beginning", () => {
    const [line] = mistakesOf(withKeys({ "slipway:environment": "e".repeat(200) }));
    expect(line).to.equal(
      `slipway:environment: "${"e".repeat(78)}… is not a name; allowed: 1 to 16 characters a-z, 0-9 and single hyphens, starting with a letter`,
    );
  });

  it("fills in what is left out", () => {
    const settings = settingsOf(smallest);
    expect({ ...settings, region: undefined }).to.deep.equal({
      region: undefined,
      environment: "dev",
      network: {
        cidr: "10.20.0.0/16",
        availabilityZones: 2,
        egress: "nat-gateway",
        endpoints: [],
        routesPerTable: 50,
        natInstance: undefined,
      },
      loadBalancer: { scheme: "internet-facing" },
      intake: "webhook",
      forges: {},
      baseImageRegistry: undefined,
      npmRegistry: undefined,
      protect: true,
      logRetentionDays: 30,
      pipelineType: "V2",
      alerts: { emails: [], chat: {} },
      promotesTo: [],
      deploymentApi: false,
      pullRequests: undefined,
      applications: [
        {
          name: "storefront",
          source: { push: { forge: "github", repository: "acme/storefront", branch: "main" } },
          build: { dockerfile: "Dockerfile", context: ".", arguments: {} },
          services: [
            {
              name: "web",
              port: 8080,
              command: undefined,
              cpu: 256,
              memory: 512,
              count: 1,
              healthCheck: undefined,
              hosts: undefined,
              environment: {},
              secrets: {},
            },
          ],
          task: { cpu: 256, memory: 512, environment: {}, secrets: {} },
          migrate: undefined,
          schedules: undefined,
          gitops: undefined,
          approval: false,
          deploy: "callback",
        },
      ],
    });
    expect(settings.region.name).to.equal("us-east-1");
    expect(settings.region.partition.id).to.equal("aws");
  });

  it("takes V1 pipelines and asks for pushes in China, unless told otherwise", () => {
    const told = { ...beijing, "slipway:pipelineType": "V2", "slipway:intake": "webhook" };
    expect(
      [beijing, told].map((raw) => settingsOf(raw)).map(({ pipelineType, intake }) => [pipelineType, intake]),
    ).to.deep.equal([
      ["V1", "poll"],
      ["V2", "webhook"],
    ]);
  });

  it("asks for pushes outside China where it is told so", () => {
    expect(settingsOf(withKeys({ "slipway:intake": "poll" })).intake).to.equal("poll");
  });

  it("leaves the configuration of others alone", () => {
    expect(mistakesOf(withKeys({ "aws:defaultTags": { tags: {} }, "acme:anything": 1 }))).to.deep.equal([]);
  });

  const SOUND: [string, Raw][] = [
    ["branches with slashes and dots", withPush({ branch: "release/2.x" })],
    ["repositories with dots and underscores", withPush({ repository: "acme-labs/store_front.io" })],
    ["named availability zones", withKeys({ "slipway:network": { availabilityZones: ["us-east-1b", "us-east-1d"] } })],
    ["the smallest network", withKeys({ "slipway:network": { cidr: "192.168.252.0/22", availabilityZones: 4 } })],
    ["no task at all", withService({ count: 0 })],
    ["an empty variable", withService({ environment: { PREFIX: "" } })],
    ["a worker of the largest size", withServices({ name: "w", command: ["w"], cpu: 16384, memory: 122880 })],
    ["a web service with a command and hosts", withService({ command: ["node", "a.js"], hosts: ["a.example.com"] })],
    ["a Dockerfile in a folder", withApplication({ build: { dockerfile: "docker/Dockerfile.prod", context: "app" } })],
    ["a service called task, where there is no one-off task", withServices({ name: "task", command: ["work"] })],
    ["CodePipeline's own action", withApplication({ deploy: "ecs" })],
    ["an image of another environment, with approval", withImage({}, { approval: true })],
    ["a repository with a path", withImage({ repository: "acme/store_front.web", tag: "Release-1.x" })],
    ["a stack of images in China, where nobody has to be asked", { ...withImage({}), "aws:region": "cn-north-1" }],
    ["a project in groups of GitLab", withPush({ forge: "gitlab", repository: "acme/shop/front.end/storefront" })],
    ["a repository of Bitbucket", withPush({ forge: "bitbucket", repository: "acme/store_front.web" })],
    ["a repository of Gitee", withPush({ forge: "gitee", repository: "acme/storefront" })],
    ["an npm registry with a path", withKeys({ "slipway:npmRegistry": "https://npm.acme.example:8443/mirror/" })],
    ["base images of a public registry", withKeys({ "slipway:baseImageRegistry": "docker.io/library" })],
    [
      "base images of this partition's ECR",
      { ...beijing, "slipway:baseImageRegistry": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/mirror" },
    ],
    ["several later environments", withKeys({ "slipway:promotesTo": ["staging", "prod"] })],
    ["a task of its own size", withApplication({ migrate: { command: ["m"] }, task: { cpu: 512, memory: 1024 } })],
    [
      "deployments by HTTP of one application of two",
      withKeys({
        "slipway:deploymentApi": true,
        "slipway:applications": [
          { ...storefront, deploy: "ecs" },
          { ...storefront, name: "jobs", services: [{ name: "mail", command: ["mail"] }] },
        ],
      }),
    ],
    ["names of 24 characters", withApplication({ name: "recommendation-core", services: [{ ...web, name: "api1" }] })],
  ];
  for (const [title, raw] of SOUND)
    it(`takes ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal([]);
    });

  it("takes six services under the longest names", () => {
    const environment = "e".repeat(16);
    const application = "a".repeat(20);
    const services = ["s-1", "s-2", "s-3", "s-4", "s-5", "s-6"];
    const longest = withApplication({
      name: application,
      services: services.map((name) => ({ name, command: ["run"], count: 5000 })),
    });
    expect(mistakesOf({ ...longest, "slipway:environment": environment })).to.deep.equal([]);
  });

  const ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:storefront/db-AbCdEf";
  const SECRETS: [string, object][] = [
    ["storefront/database", { kind: "secret", name: "storefront/database", key: undefined }],
    ["storefront/database:password", { kind: "secret", name: "storefront/database", key: "password" }],
    ["/storefront/api-key", { kind: "parameter", name: "/storefront/api-key" }],
    [ARN, { kind: "arn", service: "secretsmanager", arn: ARN }],
    [`${ARN}:password::`, { kind: "arn", service: "secretsmanager", arn: `${ARN}:password::` }],
    [
      "arn:aws:ssm:us-east-1:123456789012:parameter/api-key",
      { kind: "arn", service: "ssm", arn: "arn:aws:ssm:us-east-1:123456789012:parameter/api-key" },
    ],
  ];
  for (const [written, reference] of SECRETS)
    it(`reads the secret ${written}`, () => {
      const checked = checkSettings(withService({ secrets: { VALUE: written } }));
      expect(checked.ok && checked.settings.applications[0]?.services[0]?.secrets.VALUE).to.deep.equal(reference);
    });

  const FUNCTION_SECRETS: [string, object][] = [
    ["alerts/slack", { kind: "secret", name: "alerts/slack", key: undefined }],
    ["alerts:slack", { kind: "secret", name: "alerts", key: "slack" }],
    [ARN, { kind: "arn", service: "secretsmanager", arn: ARN }],
    [`${ARN}:slack::`, { kind: "arn", service: "secretsmanager", arn: `${ARN}:slack::` }],
  ];
  for (const [written, reference] of FUNCTION_SECRETS)
    it(`reads the secret ${written} of a chat, and of a forge`, () => {
      const { alerts, forges } = settingsOf(
        withKeys({
          "slipway:alerts": { chat: { slack: written } },
          "slipway:forges": { github: { url: "https://git.acme.example/github", token: written } },
        }),
      );
      expect([alerts.chat.slack, forges]).to.deep.equal([
        reference,
        {
          github: { url: "https://git.acme.example/github", token: reference },
          gitlab: undefined,
          bitbucket: undefined,
          gitee: undefined,
        },
      ]);
    });
});
