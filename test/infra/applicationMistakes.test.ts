import { expect } from "chai";
import { mistakesOf, type Raw, withApplication, withKeys, withPush } from "./configurations";

/** A configuration, and all lines that it gives. */
const MISTAKES: [title: string, raw: Raw, ...lines: string[]][] = [
  [
    "an application without anything",
    withKeys({ "slipway:applications": [{}] }),
    "slipway:applications[0].name: is missing; expected a name such as storefront",
    "slipway:applications[0].source: is missing; expected push: { repository: acme/storefront, branch: main }",
    "slipway:applications[0].services: is missing; expected a list of services",
  ],
  [
    "keys of a later version",
    withApplication({ migrate: { command: ["node", "migrate.js"] }, schedules: "schedules.yaml", approval: false }),
    "slipway:applications[0].migrate: is not supported yet; remove it",
    "slipway:applications[0].schedules: is not supported yet; remove it",
    "slipway:applications[0].approval: is not supported yet; remove it",
  ],
  [
    "a way to deploy of a later version",
    withApplication({ deploy: "ecs" }),
    'slipway:applications[0].deploy: "ecs" is not supported yet; allowed: callback',
  ],
  [
    "a source of a later version",
    withApplication({ source: { image: { repository: "storefront", tag: "dev" } } }),
    "slipway:applications[0].source.push: is missing; expected { repository: acme/storefront, branch: main }",
    "slipway:applications[0].source.image: is not supported yet; remove it",
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
    "a Dockerfile outside the repository",
    withApplication({ build: { dockerfile: "../Dockerfile" } }),
    'slipway:applications[0].build.dockerfile: "../Dockerfile" is not a path in the repository; allowed: a relative path of letters, digits and . _ - / that stays inside',
  ],
  [
    "an absolute context",
    withApplication({ build: { context: "/srv" } }),
    'slipway:applications[0].build.context: "/srv" is not a path in the repository; allowed: a relative path of letters, digits and . _ - / that stays inside',
  ],
  [
    "a build argument that YAML reads as a number",
    withApplication({ build: { arguments: { NODE_VERSION: 24 } } }),
    "slipway:applications[0].build.arguments.NODE_VERSION: 24 is not text; allowed: text, in quotes",
  ],
  [
    "a build argument that the build itself uses",
    withApplication({ build: { arguments: { CONTEXT: "x", SOURCE_KEY: "y", name: "z" } } }),
    "slipway:applications[0].build.arguments.CONTEXT: is a variable of the build itself; give the argument another name",
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
