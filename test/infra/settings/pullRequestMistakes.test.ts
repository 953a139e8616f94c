import { expect } from "chai";
import { FOLDER_FORM } from "../../../handlers/pullRequests/fields";
import {
  beijing,
  mistakesOf,
  pullRequests,
  type Raw,
  withCircleci,
  withImage,
  withKeys,
  withPullRequests,
} from "../configurations";

const AT = "slipway:pullRequests";

const TOKEN =
  "slipway:pullRequests.token: does not say which secret holds the token that writes to the repository; allowed: a Secrets Manager name, with :key for one key of its JSON; its ARN in us-east-1, with :key:: for one key";

/** A configuration, and all lines that it gives. */
const MISTAKES: [title: string, raw: Raw, ...lines: string[]][] = [
  [
    "pull requests without anything",
    withKeys({ "slipway:pullRequests": {} }),
    `${AT}.repository: is missing; expected a repository such as acme/gitops`,
    `${AT}.token: is missing; expected a Secrets Manager secret such as acme/gitops-token`,
    `${AT}.author: is missing; expected the author of the commits, such as { name: slipway, email: slipway@acme.example }`,
  ],
  [
    "pull requests by a repository alone",
    withKeys({ "slipway:pullRequests": "acme/gitops" }),
    `${AT}: "acme/gitops" is not a map of settings; allowed: repository, branch, token, author, reviewers, teamReviewers, labels, origins, concurrentTasks, circleci, tokens`,
  ],
  [
    "an unknown key",
    withPullRequests({ base: "main" }),
    `${AT}.base: is not a setting; allowed: repository, branch, token, author, reviewers, teamReviewers, labels, origins, concurrentTasks, circleci, tokens`,
  ],
  ...["https://github.com/acme/gitops", "acme/gitops.git", "gitops", "acme/platform/gitops"].map(
    (repository): [string, Raw, string] => [
      `the repository ${repository}`,
      withPullRequests({ repository }),
      `${AT}.repository: "${repository}" is not a GitHub repository; allowed: owner/name, such as acme/storefront`,
    ],
  ),
  [
    "a branch by its ref",
    withPullRequests({ branch: "refs/heads/main" }),
    `${AT}.branch: "refs/heads/main" is not a branch; allowed: its name without refs/heads/, such as main or release/2`,
  ],
  ...["slipway", "slipway/storefront"].map((branch): [string, Raw, string] => [
    `the branch ${branch}, which stands in the way of the pull requests' own`,
    withPullRequests({ branch }),
    `${AT}.branch: "${branch}" is reserved for the branches of slipway's own pull requests; allowed: another branch`,
  ]),
  ...[
    ["a classic token", "ghp_secret"],
    ["a fine-grained token", "github_pat_secret"],
    ["an SSM parameter", "/acme/gitops-token"],
    ["a secret of another region", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gitops-AbCdEf"],
    ["one version of a secret", "arn:aws:secretsmanager:us-east-1:123456789012:secret:gitops-AbCdEf::AWSPREVIOUS:"],
  ].map(([what, token]): [string, Raw, string] => [
    `${what} where the token's secret should be named, without repeating it`,
    withPullRequests({ token }),
    TOKEN,
  ]),
  [
    "an author without anything",
    withPullRequests({ author: {} }),
    `${AT}.author.name: is missing; expected a name such as slipway`,
    `${AT}.author.email: is missing; expected an address such as slipway@acme.example`,
  ],
  [
    "an author as git shows one",
    withPullRequests({ author: "slipway <slipway@acme.example>" }),
    `${AT}.author: "slipway <slipway@acme.example>" is not a map of settings; allowed: name, email`,
  ],
  ...["slipway <bot>", "", " slipway", "slipway ", "slip\nway", "-", "s".repeat(101)].map(
    (name): [string, Raw, string] => [
      `the author's name ${JSON.stringify(name)}`,
      withPullRequests({ author: { ...pullRequests.author, name } }),
      `${AT}.author.name: ${name.length > 78 ? `"${name.slice(0, 78)}…` : JSON.stringify(name)} is not an author's name; allowed: up to 100 characters without < and >, starting with a letter or digit, such as slipway`,
    ],
  ),
  ...["slipway", "<slipway@acme.example>", "slipway@acme"].map((email): [string, Raw, string] => [
    `the author's address ${email}`,
    withPullRequests({ author: { name: "slipway", email } }),
    `${AT}.author.email: "${email}" is not an e-mail address; allowed: an address such as team@example.com`,
  ]),
  ...["@octocat", "acme/platform", "octo cat", "-octocat", "o".repeat(40)].map((user): [string, Raw, string] => [
    `the reviewer ${user}`,
    withPullRequests({ reviewers: ["hubot", user] }),
    `${AT}.reviewers[1]: "${user}" is not a GitHub user; allowed: a user's name without @, such as octocat; teams belong in teamReviewers`,
  ]),
  [
    "a reviewer as one text",
    withPullRequests({ reviewers: "octocat" }),
    `${AT}.reviewers: "octocat" is not a list; allowed: a list of users`,
  ],
  [
    "a reviewer twice",
    withPullRequests({ reviewers: ["octocat", "octocat"] }),
    `${AT}.reviewers[1]: "octocat" is already used by ${AT}.reviewers[0]; allowed: each value once`,
  ],
  ...["acme/platform", "@acme/platform", "Platform", "platform team"].map((team): [string, Raw, string] => [
    `the team ${team}`,
    withPullRequests({ teamReviewers: [team] }),
    `${AT}.teamReviewers[0]: "${team}" is not a team's slug; allowed: the last part of the team's address, such as platform`,
  ]),
  [
    "a team twice",
    withPullRequests({ teamReviewers: ["platform", "web", "platform"] }),
    `${AT}.teamReviewers[2]: "platform" is already used by ${AT}.teamReviewers[0]; allowed: each value once`,
  ],
  [
    "labels that are none",
    withPullRequests({ labels: ["", " delivery", "l".repeat(51), 1] }),
    ...['""', '" delivery"', `"${"l".repeat(51)}"`].map(
      (label, index) =>
        `${AT}.labels[${index}]: ${label} is not a label; allowed: up to 50 characters, without leading or trailing space, such as delivery`,
    ),
    `${AT}.labels[3]: 1 is not a label; allowed: up to 50 characters, without leading or trailing space, such as delivery, in quotes`,
  ],
  [
    "a label twice",
    withPullRequests({ labels: ["delivery", "delivery"] }),
    `${AT}.labels[1]: "delivery" is already used by ${AT}.labels[0]; allowed: each value once`,
  ],
  ...[
    "ci.acme.example",
    "https://ci.acme.example/",
    "https://ci.acme.example/builds",
    "https://CI.acme.example",
    "https://ci.acme.example:443",
    "https://ci.acme.example:99999",
    "https://*.acme.example",
    "https://*",
    "http://ci.acme.example",
    "http://localhost.acme.example",
    "null",
  ].map((origin): [string, Raw, string] => [
    `the origin ${origin}`,
    withPullRequests({ origins: [origin] }),
    `${AT}.origins[0]: "${origin}" is not an origin; allowed: one such as https://ci.acme.example, without a path; or only "*"`,
  ]),
  [
    "an origin with a password, without repeating it",
    withPullRequests({ origins: ["https://ci:secret@ci.acme.example"] }),
    `${AT}.origins[0]: holds a user or a password; allowed: an origin such as https://ci.acme.example`,
  ],
  [
    "any origin beside another",
    withPullRequests({ origins: ["https://ci.acme.example", "*"] }),
    `${AT}.origins: has "*", which means any origin, together with others; allowed: only "*", or origins without it`,
  ],
  [
    "an origin twice",
    withPullRequests({ origins: ["https://ci.acme.example", "https://ci.acme.example"] }),
    `${AT}.origins[1]: "https://ci.acme.example" is already used by ${AT}.origins[0]; allowed: each value once`,
  ],
  [
    "CircleCI without anything",
    withPullRequests({ circleci: {} }),
    `${AT}.circleci.branches: is missing; expected the environment of each branch, such as { main: dev }`,
    `${AT}.circleci.image: is missing; expected an image such as "registry.acme.example/{service}"`,
  ],
  [
    "an unknown key of CircleCI",
    withCircleci({ token: "circleci/token" }),
    `${AT}.circleci.token: is not a setting; allowed: branches, image, jobs`,
  ],
  ["no branch", withCircleci({ branches: {} }), `${AT}.circleci.branches: has 0 branches; allowed: 1 or more`],
  [
    "branches as a list",
    withCircleci({ branches: ["main"] }),
    `${AT}.circleci.branches: ["main"] is not a map; allowed: a map of names to values`,
  ],
  [
    "a branch of CircleCI by its ref",
    withCircleci({ branches: { "refs/heads/main": "dev" } }),
    `${AT}.circleci.branches: "refs/heads/main" is not a branch; allowed: its name without refs/heads/, such as main or release/2`,
  ],
  ...["Prod", "overlays/prod", "..", "a..b", "prod.lock", "-prod", ""].map((overlay): [string, Raw, string] => [
    `the overlay ${JSON.stringify(overlay)}`,
    withCircleci({ branches: { main: "dev", release: overlay } }),
    `${AT}.circleci.branches.release: "${overlay}" is not a folder under overlays/; allowed: ${FOLDER_FORM}, such as dev`,
  ]),
  ...[
    "{service}:latest",
    "registry.acme.example/{service}@sha256:0",
    "registry.acme.example/{repository}",
    "https://registry.acme.example/{service}",
    "storefront=",
    "a=b=c",
    "registry.acme.example/Storefront",
    "app=APP",
    "",
  ].map((image): [string, Raw, string] => [
    `the image ${JSON.stringify(image)}`,
    withCircleci({ image }),
    `${AT}.circleci.image: "${image}" is not an image of a service; allowed: its name without tag and digest, preceded by <name in the manifests>= if that differs, such as {service}=registry.acme.example/{service}`,
  ]),
  [
    "jobs that are none",
    withCircleci({ jobs: ["publish", "", " "] }),
    ...['""', '" "'].map(
      (job, index) =>
        `${AT}.circleci.jobs[${index + 1}]: ${job} is not a job; allowed: its name in CircleCI's configuration, such as publish`,
    ),
  ],
  [
    "a job twice",
    withCircleci({ jobs: ["publish", "publish"] }),
    `${AT}.circleci.jobs[1]: "publish" is already used by ${AT}.circleci.jobs[0]; allowed: each value once`,
  ],
  [
    "more of CircleCI than a function's environment has room for",
    withCircleci({ jobs: ["j".repeat(2976)] }),
    `${AT}.circleci: has 3073 bytes as JSON, but the function's environment allows only 3072; use fewer branches, jobs or tokens`,
  ],
  [
    "a token without services",
    withPullRequests({ tokens: { "shop-team": {} } }),
    `${AT}.tokens.shop-team.services: is missing; expected the services that the token is for, such as [storefront]`,
  ],
  [
    "a token whose name has a dot",
    withPullRequests({ tokens: { "shop.team": { services: ["storefront"] } } }),
    `${AT}.tokens: "shop.team" is not a token's name; allowed: up to 63 lower-case letters, digits and hyphens, such as shop-team`,
  ],
  [
    "a token for an image with a tag's braces",
    withPullRequests({ tokens: { "shop-team": { services: ["storefront"], image: "registry.acme.example/{name}" } } }),
    `${AT}.tokens.shop-team.image: "registry.acme.example/{name}" is not a pattern of images; allowed: a name without tag, with * for any characters, such as "registry.acme.example/{service}"`,
  ],
  [
    "more tokens than a function's environment has room for",
    withPullRequests({
      tokens: { "shop-team": { services: Array.from({ length: 60 }, (_, it) => `${it}`.padStart(60, "s")) } },
    }),
    `${AT}.tokens: has 3934 bytes as JSON, but the function's environment allows only 3072; use fewer branches, jobs or tokens`,
  ],
  [
    "GitHub's token of pushes where none are taken",
    {
      ...withImage({}),
      "slipway:pullRequests": pullRequests,
      "slipway:forges": { github: { url: "https://git.acme.example", token: "forges:github" } },
    },
    "slipway:forges.github.token: is for pushes, and no application has a source there; remove it, because pull requests use pullRequests.token",
  ],
  [
    "another forge that no application takes pushes from",
    withPullRequests({}, { "slipway:forges": { gitlab: {} } }),
    "slipway:forges.gitlab: no application has a source there; give one source: push with forge: gitlab, or remove it",
  ],
  [
    "no way out for the tasks",
    withPullRequests({}, { "slipway:network": { egress: "none", endpoints: ["s3", "ecr.api", "ecr.dkr", "logs"] } }),
    'slipway:network.egress: with "none", the tasks that open pull requests cannot reach GitHub; allowed: another egress, or natInstance in addition',
    "slipway:network.endpoints: lacks dynamodb, secretsmanager, which tasks and functions need if egress is none; add them",
  ],
  [
    "no way out in China, for the functions and for the tasks",
    {
      ...beijing,
      "slipway:pullRequests": pullRequests,
      "slipway:network": {
        egress: "none",
        endpoints: ["s3", "dynamodb", "ecr.api", "ecr.dkr", "logs", "sqs", "sns", "codepipeline"],
      },
    },
    'slipway:network.egress: with "none", the functions that fetch pushes cannot reach the forge; allowed: another egress, or natInstance in addition',
    'slipway:network.egress: with "none", the tasks that open pull requests cannot reach GitHub; allowed: another egress, or natInstance in addition',
    "slipway:network.endpoints: lacks secretsmanager, which tasks and functions need if egress is none; add it",
  ],
];

describe("the configuration of pull requests", () => {
  for (const [title, raw, ...lines] of MISTAKES)
    it(`refuses ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal(lines);
    });
});
