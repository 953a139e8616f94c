import { expect } from "chai";
import {
  beijing,
  mistakesOf,
  pullRequests,
  type Raw,
  settingsOf,
  withCircleci,
  withGitops,
  withImage,
  withPullRequests,
} from "../configurations";

const token = { kind: "secret", name: "acme/gitops-token", key: undefined };

describe("the settings of pull requests", () => {
  it("fill in what is left out", () => {
    expect(settingsOf(withPullRequests({})).pullRequests).to.deep.equal({
      repository: "acme/gitops",
      branch: "main",
      token,
      author: { name: "slipway", email: "slipway@acme.example" },
      reviewers: [],
      teamReviewers: [],
      labels: [],
      origins: [],
      concurrentTasks: 10,
      circleci: undefined,
      tokens: {},
    });
  });

  it("are what the stack file says", () => {
    const said = {
      repository: "acme/gitops.prod",
      branch: "release/2",
      author: { name: "Acme's delivery [bot]", email: "12345+slipway@users.noreply.github.com" },
      reviewers: ["octocat", "mona-lisa_acme"],
      teamReviewers: ["platform", "on_call-2"],
      labels: ["delivery", "kind: image bump"],
      origins: ["https://ci.acme.example", "https://ci.acme.example:8443", "http://localhost:5173"],
      concurrentTasks: 3,
      circleci: {
        branches: { main: "dev", "release/2.x": "prod.eu-1" },
        image: "{service}=123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/{service}",
        jobs: ["publish", "publish image"],
      },
      tokens: { "shop-team": { services: ["storefront", "shop-*"], image: "registry.acme.example/{service}" } },
    };
    expect(settingsOf(withPullRequests(said)).pullRequests).to.deep.equal({ ...said, token });
  });

  it("have every job of CircleCI's, unless told otherwise", () => {
    expect(settingsOf(withCircleci({})).pullRequests?.circleci).to.deep.equal({
      branches: { main: "dev" },
      image: "registry.acme.example/{service}",
      jobs: [],
    });
  });

  const ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gitops-AbCdEf";
  const TOKENS: [written: string, reference: object][] = [
    ["acme/gitops:token", { kind: "secret", name: "acme/gitops", key: "token" }],
    [ARN, { kind: "arn", service: "secretsmanager", arn: ARN }],
    [`${ARN}:token::`, { kind: "arn", service: "secretsmanager", arn: `${ARN}:token::` }],
  ];
  for (const [written, reference] of TOKENS)
    it(`read the token's secret ${written}`, () => {
      expect(settingsOf(withPullRequests({ token: written })).pullRequests?.token).to.deep.equal(reference);
    });

  const OF_TASKS = ["s3", "dynamodb", "ecr.api", "ecr.dkr", "logs", "secretsmanager"];
  const SOUND: [title: string, raw: Raw][] = [
    ["any origin", withPullRequests({ origins: ["*"] })],
    ["a user of 39 characters", withPullRequests({ reviewers: ["o".repeat(39)] })],
    ["a label of 50 characters", withPullRequests({ labels: ["\u{1f6a2}".repeat(50)] })],
    ["a base branch of a similar name", withPullRequests({ branch: "slipway-manifests" })],
    ["a fixed image of a registry with a port", withCircleci({ image: "registry.acme.example:5000/shop/store_front" })],
    ["an image whose name the kustomization keeps", withCircleci({ image: "acme-{service}=*" })],
    [
      "an image whose name in the manifests is a placeholder",
      withCircleci({ image: "IMAGE=registry.acme.example/app" }),
    ],
    ["as much of CircleCI as there is room for", withCircleci({ jobs: ["j".repeat(2975)] })],
    [
      "an Enterprise Server without pushes",
      {
        ...withImage({}),
        "slipway:pullRequests": pullRequests,
        "slipway:forges": { github: { url: "https://git.acme.example/github" } },
      },
    ],
    [
      "a token for pushes from GitHub beside its own",
      withPullRequests(
        {},
        {
          "slipway:forges": { github: { token: "forges:github" } },
        },
      ),
    ],
    [
      "base images and packages of its own task",
      {
        ...withImage({}),
        "slipway:pullRequests": pullRequests,
        "slipway:baseImageRegistry": "docker.io/library",
        "slipway:npmRegistry": "https://npm.acme.example",
      },
    ],
    [
      "no way out but an instance's, and endpoints",
      withPullRequests(
        {},
        {
          "slipway:network": {
            egress: "none",
            endpoints: [...OF_TASKS, "sqs", "sns", "codepipeline"],
            natInstance: {},
          },
        },
      ),
    ],
    [
      "the token in Beijing",
      {
        ...beijing,
        "slipway:pullRequests": {
          ...pullRequests,
          token: "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:gitops-AbCdEf",
        },
      },
    ],
  ];
  for (const [title, raw] of SOUND)
    it(`take ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal([]);
    });
});

describe("the settings of an application that a pull request deploys", () => {
  const applicationOf = (keys: Raw) => settingsOf(withGitops(keys)).applications[0];

  it("have no services, and folder and image of the application's name", () => {
    expect(applicationOf({})).to.deep.equal({
      name: "storefront",
      source: { push: { forge: "github", repository: "acme/storefront", branch: "main" } },
      build: { dockerfile: "Dockerfile", context: ".", arguments: {} },
      services: [],
      task: { cpu: 256, memory: 512, environment: {}, secrets: {} },
      migrate: undefined,
      schedules: undefined,
      approval: false,
      deploy: "gitops",
      gitops: { service: "storefront", image: "storefront" },
    });
  });

  const GITOPS: [said: Raw, read: object][] = [
    [{}, { service: "storefront", image: "storefront" }],
    [{ service: "shop_front.v2" }, { service: "shop_front.v2", image: "storefront" }],
    [
      { image: "registry.acme.example:5000/store_front" },
      { service: "storefront", image: "registry.acme.example:5000/store_front" },
    ],
    [{ image: "Frontend" }, { service: "storefront", image: "Frontend" }],
    [{ image: "gcr.io/PROJECT_ID/IMAGE" }, { service: "storefront", image: "gcr.io/PROJECT_ID/IMAGE" }],
  ];
  for (const [said, read] of GITOPS)
    it(`say ${JSON.stringify(said)}, and the rest by default`, () => {
      expect(applicationOf({ gitops: said })?.gitops).to.deep.equal(read);
    });

  const SOUND: [title: string, raw: Raw][] = [
    [
      "an image of another environment, with approval",
      withGitops({
        source: { image: { repository: "storefront", tag: "staging" } },
        approval: true,
      }),
    ],
    ["a build", withGitops({ build: { test: "npm test" } })],
    ["two of them in folders of their own", withGitops({}, { name: "kiosk", gitops: { image: "storefront" } })],
    [
      "manifests on another branch of the repository that is built",
      withGitops({
        source: { push: { repository: "acme/gitops", branch: "trunk" } },
      }),
    ],
    [
      "manifests at GitHub of a project of that name at GitLab",
      withGitops({
        source: { push: { forge: "gitlab", repository: "acme/gitops", branch: "main" } },
      }),
    ],
  ];
  for (const [title, raw] of SOUND)
    it(`take ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal([]);
    });
});
