import { expect } from "chai";
import { mistakesOf, type Raw, storefront, withApplication, withImage, withKeys, withPush } from "../configurations";

const SOURCES = "push: { repository: acme/storefront, branch: main } or image: { repository: storefront, tag: dev }";

/** A configuration, and all lines that it gives. */
const MISTAKES: [title: string, raw: Raw, ...lines: string[]][] = [
  [
    "an application without anything",
    withKeys({ "slipway:applications": [{}] }),
    "slipway:applications[0].name: is missing; expected a name such as storefront",
    `slipway:applications[0].source: is missing; expected ${SOURCES}`,
    "slipway:applications[0].services: is missing; expected a list of services",
  ],
  [
    "the platform's own name",
    withApplication({ name: "slipway" }),
    'slipway:applications[0].name: "slipway" is reserved for slipway\'s own resources; allowed: another name',
  ],
  [
    "a name that begins as the platform's own parts do",
    withApplication({ name: "slipway-gitops" }),
    'slipway:applications[0].name: "slipway-gitops" is reserved for slipway\'s own resources; allowed: another name',
  ],
  [
    "a way to deploy that nobody planned",
    withApplication({ deploy: "rsync" }),
    'slipway:applications[0].deploy: "rsync" is not a way to deploy; allowed: callback, ecs, gitops',
  ],
  [
    "a source without anything",
    withApplication({ source: {} }),
    `slipway:applications[0].source: is empty; expected ${SOURCES}`,
  ],
  [
    "two sources",
    withApplication({ source: { ...storefront.source, image: { repository: "storefront", tag: "staging" } } }),
    "slipway:applications[0].source: has both push and image; keep one of them",
  ],
  [
    "CodePipeline's own connection to GitHub",
    withApplication({ source: { connection: "arn:aws:codeconnections:us-east-1:123456789012:connection/0" } }),
    "slipway:applications[0].source.connection: CodeConnections is not available in China, and slipway receives pushes itself; allowed: push, image",
  ],
  [
    "a connection beside a push",
    withApplication({ source: { ...storefront.source, codeStarConnectionArn: "arn" } }),
    "slipway:applications[0].source.codeStarConnectionArn: CodeConnections is not available in China, and slipway receives pushes itself; allowed: push, image",
  ],
  [
    "a forge that slipway does not speak to",
    withPush({ forge: "codecommit", repository: "storefront" }),
    'slipway:applications[0].source.push.forge: "codecommit" is not a forge; allowed: github, gitlab, bitbucket, gitee',
  ],
  [
    "a repository of GitLab's kind at GitHub",
    withPush({ repository: "acme/shop/storefront" }),
    'slipway:applications[0].source.push.repository: "acme/shop/storefront" is not a GitHub repository; allowed: owner/name, such as acme/storefront',
  ],
  ...["storefront", "acme//storefront", "acme/../storefront", "acme/storefront.git", "/acme/storefront"].map(
    (repository): [string, Raw, string] => [
      `the GitLab project ${repository}`,
      withPush({ forge: "gitlab", repository }),
      `slipway:applications[0].source.push.repository: "${repository}" is not a GitLab project; allowed: its path with its groups, such as acme/shop/storefront`,
    ],
  ),
  ...["Acme/storefront", "acme/shop/storefront", "acme/..", "acme/storefront.git"].map(
    (repository): [string, Raw, string] => [
      `the Bitbucket repository ${repository}`,
      withPush({ forge: "bitbucket", repository }),
      `slipway:applications[0].source.push.repository: "${repository}" is not a Bitbucket repository; allowed: workspace/name in lower case, such as acme/storefront`,
    ],
  ),
  ...["storefront", "acme/shop/storefront", "acme/.hidden", "acme/storefront.git"].map(
    (repository): [string, Raw, string] => [
      `the Gitee repository ${repository}`,
      withPush({ forge: "gitee", repository }),
      `slipway:applications[0].source.push.repository: "${repository}" is not a Gitee repository; allowed: owner/name, such as acme/storefront`,
    ],
  ),
  [
    "half a push",
    withApplication({ source: { push: { repository: "acme/storefront" } } }),
    "slipway:applications[0].source.push.branch: is missing; expected a branch such as main",
  ],
  [
    "an image without anything",
    withImage({ repository: undefined, tag: undefined }),
    "slipway:applications[0].source.image.repository: is missing; expected an ECR repository such as storefront",
    "slipway:applications[0].source.image.tag: is missing; expected a tag such as dev",
  ],
  [
    "an image by its registry",
    withImage({ repository: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront" }),
    'slipway:applications[0].source.image.repository: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront" is not an ECR repository; allowed: its name without the registry, such as storefront',
  ],
  [
    "an image's repository in capitals",
    withImage({ repository: "Storefront" }),
    'slipway:applications[0].source.image.repository: "Storefront" is not an ECR repository; allowed: its name without the registry, such as storefront',
  ],
  [
    "an image's tag with its colon",
    withImage({ tag: ":staging" }),
    'slipway:applications[0].source.image.tag: ":staging" is not an image\'s tag; allowed: a tag such as dev',
  ],
  [
    "the images of two applications in one repository",
    withKeys({
      "slipway:applications": [
        storefront,
        ...["shop", "kiosk"].map((name) => ({
          name,
          source: { image: { repository: "storefront", tag: "staging" } },
          services: [{ name: "worker", command: ["work"] }],
        })),
      ],
    }),
    ...[1, 2].map(
      (index) =>
        `slipway:applications[${index}].source.image.repository: "storefront" is also the repository of slipway:applications[0], and only one of its images can have the environment's tag; allowed: a repository for each application`,
    ),
  ],
  [
    "an image that the environment itself tags",
    withImage({ tag: "dev" }),
    'slipway:applications[0].source.image.tag: "dev" is the tag of this environment\'s own deliveries, so that each would start the next one; allowed: the tag of the previous environment',
  ],
  [
    "a build of an image that is built",
    withImage({}, { build: { test: "npm test" } }),
    "slipway:applications[0].build: is only for applications whose source is a push; remove it, because the image is already built",
  ],
  [
    "a task that nothing runs",
    withApplication({ task: { cpu: 512, memory: 1024 } }),
    "slipway:applications[0].task: is for migrate and schedules, and the application has neither; add one, or remove it",
  ],
  [
    "a task of no Fargate size, with a variable of two sources",
    withApplication({
      migrate: { command: ["migrate"] },
      task: { memory: 3072, environment: { URL: "x" }, secrets: { URL: "storefront/url" } },
    }),
    "slipway:applications[0].task.memory: 3072 is not a Fargate size with cpu 256; allowed: 512, 1024, 2048",
    "slipway:applications[0].task.secrets.URL: is in environment too; keep one of them",
  ],
  [
    "an unknown key of a task",
    withApplication({ schedules: "schedules.yaml", task: { command: ["run"] } }),
    "slipway:applications[0].task.command: is not a setting; allowed: cpu, memory, environment, secrets",
  ],
  [
    "a migration without a command",
    withApplication({ migrate: {} }),
    "slipway:applications[0].migrate.command: is missing; expected a command such as [node, migrate.js]",
  ],
  [
    "a migration as one text",
    withApplication({ migrate: "node migrate.js" }),
    'slipway:applications[0].migrate: "node migrate.js" is not a map of settings; allowed: command',
  ],
  [
    "a migration of no argument",
    withApplication({ migrate: { command: [] } }),
    "slipway:applications[0].migrate.command: has 0 arguments; allowed: 1 or more",
  ],
  [
    "schedules outside the repository",
    withApplication({ schedules: "../schedules.yaml" }),
    'slipway:applications[0].schedules: "../schedules.yaml" is not a path in the repository; allowed: a relative path of letters, digits and . _ - /, without a .. segment',
  ],
  [
    "schedules in the stack file",
    withApplication({ schedules: [{ name: "report" }] }),
    'slipway:applications[0].schedules: [{"name":"report"}] is not a path in the repository; allowed: a relative path of letters, digits and . _ - /, without a .. segment',
  ],
  [
    "an approval by name",
    withApplication({ approval: "boss" }),
    'slipway:applications[0].approval: "boss" is not a choice; allowed: true, false',
  ],
  [
    "a repository by its address",
    withPush({ repository: "https://github.com/acme/storefront" }),
    'slipway:applications[0].source.push.repository: "https://github.com/acme/storefront" is not a GitHub repository; allowed: owner/name, such as acme/storefront',
  ],
  [
    "a repository with git's suffix",
    withPush({ repository: "acme/storefront.git" }),
    'slipway:applications[0].source.push.repository: "acme/storefront.git" is not a GitHub repository; allowed: owner/name, such as acme/storefront',
  ],
  [
    "a branch by its ref",
    withPush({ branch: "refs/heads/main" }),
    'slipway:applications[0].source.push.branch: "refs/heads/main" is not a branch; allowed: its name without refs/heads/, such as main or release/2',
  ],
  [
    "a branch that is git's word for another",
    withPush({ branch: "HEAD" }),
    'slipway:applications[0].source.push.branch: "HEAD" is not a branch; allowed: its name without refs/heads/, such as main or release/2',
  ],
  [
    "a branch with a control character",
    withPush({ branch: "ma\u0001in" }),
    'slipway:applications[0].source.push.branch: "ma\\u0001in" is not a branch; allowed: its name without refs/heads/, such as main or release/2',
  ],
  [
    "a Dockerfile outside the repository",
    withApplication({ build: { dockerfile: "../Dockerfile" } }),
    'slipway:applications[0].build.dockerfile: "../Dockerfile" is not a path in the repository; allowed: a relative path of letters, digits and . _ - /, without a .. segment',
  ],
  [
    "an absolute context",
    withApplication({ build: { context: "/srv" } }),
    'slipway:applications[0].build.context: "/srv" is not a path in the repository; allowed: a relative path of letters, digits and . _ - /, without a .. segment',
  ],
  [
    "a build argument that YAML reads as a number",
    withApplication({ build: { arguments: { NODE_VERSION: 24 } } }),
    "slipway:applications[0].build.arguments.NODE_VERSION: 24 is not text; allowed: text, in quotes",
  ],
  [
    "a build argument that the build itself uses",
    withApplication({
      build: {
        arguments: { BASE_IMAGE_REGISTRY: "x", CONTEXT: "x", PATH: "x", SCHEDULES: "x", SOURCE_KEY: "y", name: "z" },
      },
    }),
    "slipway:applications[0].build.arguments.BASE_IMAGE_REGISTRY: is a variable of the build itself; give the argument another name",
    "slipway:applications[0].build.arguments.CONTEXT: is a variable of the build itself; give the argument another name",
    "slipway:applications[0].build.arguments.PATH: is a variable of the build itself; give the argument another name",
    "slipway:applications[0].build.arguments.SCHEDULES: is a variable of the build itself; give the argument another name",
    "slipway:applications[0].build.arguments.SOURCE_KEY: is a variable of the build itself; give the argument another name",
    "slipway:applications[0].build.arguments.name: is a variable of the build itself; give the argument another name",
  ],
  [
    "a test command of spaces",
    withApplication({ build: { test: " " } }),
    'slipway:applications[0].build.test: " " is not a shell command; allowed: a command such as npm test',
  ],
];

describe("the configuration of an application", () => {
  for (const [title, raw, ...lines] of MISTAKES)
    it(`refuses ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal(lines);
    });
});
