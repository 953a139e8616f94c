import { expect } from "chai";
import { beijing, mistakesOf, type Raw, withApplication, withImage, withKeys, withPush } from "../configurations";

const CHAT_SECRETS =
  "does not say which secret holds the webhook's address; allowed: a Secrets Manager name, with :key for one key of its JSON; its ARN in us-east-1, with :key:: for one key";

/** A configuration, and all lines that it gives. */
const MISTAKES: [title: string, raw: Raw, ...lines: string[]][] = [
  [
    "nothing at all",
    {},
    "aws:region: is missing; expected a region such as us-east-1",
    "slipway:environment: is missing; expected a name such as dev",
    "slipway:applications: is missing; expected a list of applications",
  ],
  [
    "a region of no known partition",
    withKeys({ "aws:region": "us-gov-west-1" }),
    'aws:region: "us-gov-west-1" is not a region; allowed: a region of AWS\'s global or China partition, such as us-east-1',
  ],
  [
    "a region that does not exist",
    withKeys({ "aws:region": "us-east-3" }),
    'aws:region: "us-east-3" is not a region; allowed: a region of AWS\'s global or China partition, such as us-east-1',
  ],
  ...[
    ["ap-east-2", "CodePipeline and no CodeBuild", "them"],
    ["ap-southeast-6", "CodePipeline", "it"],
    ["ap-southeast-7", "CodePipeline", "it"],
    ["ca-west-1", "CodePipeline and no CodeBuild", "them"],
    ["mx-central-1", "CodePipeline and no CodeBuild", "them"],
  ].map(([region, missing, pronoun]): [string, Raw, string] => [
    `the region ${region}, which has no ${missing}`,
    withKeys({ "aws:region": region }),
    `aws:region: "${region}" has no ${missing}; allowed: a region that has ${pronoun}, such as us-east-1`,
  ]),
  [
    "a load balancer that is neither here nor there",
    withKeys({ "slipway:loadBalancer": { scheme: "private" } }),
    'slipway:loadBalancer.scheme: "private" is not a scheme; allowed: internet-facing, internal',
  ],
  [
    "an unknown key of the stack",
    withKeys({ "slipway:aplications": [] }),
    "slipway:aplications: is not a setting; allowed: environment, network, loadBalancer, intake, forges, baseImageRegistry, npmRegistry, protect, logRetentionDays, pipelineType, alerts, promotesTo, deploymentApi, pullRequests, applications",
  ],
  [
    "an environment in upper case",
    withKeys({ "slipway:environment": "Dev" }),
    'slipway:environment: "Dev" is not a name; allowed: 1 to 16 characters a-z, 0-9 and single hyphens, starting with a letter',
  ],
  [
    "an environment that YAML reads as a number",
    withKeys({ "slipway:environment": 1 }),
    "slipway:environment: 1 is not a name; allowed: 1 to 16 characters a-z, 0-9 and single hyphens, starting with a letter, in quotes",
  ],
  [
    "a certificate of another region",
    withKeys({ "slipway:loadBalancer": { certificate: "arn:aws:acm:eu-west-1:123456789012:certificate/1f0e" } }),
    'slipway:loadBalancer.certificate: "arn:aws:acm:eu-west-1:123456789012:certificate/1f0e" is not an ACM certificate of this region; allowed: arn:aws:acm:us-east-1:<account>:certificate/<id>',
  ],
  [
    "a way in that nobody planned",
    withKeys({ "slipway:intake": "email" }),
    'slipway:intake: "email" is not a way to receive pushes; allowed: webhook, poll',
  ],
  [
    "asking for pushes where none are delivered",
    { ...withImage({}), "slipway:intake": "poll" },
    'slipway:intake: "poll" has no branch to poll; give an application source: push, or remove it',
  ],
  [
    "base images and packages of builds that nothing is built by",
    {
      ...withImage({}),
      "slipway:baseImageRegistry": "docker.io/library",
      "slipway:npmRegistry": "https://npm.acme.example",
    },
    "slipway:baseImageRegistry: is for builds, and no application has source: push; remove it",
    "slipway:npmRegistry: is for builds, and no application has source: push; remove it",
  ],
  [
    "base images by an address",
    withKeys({ "slipway:baseImageRegistry": "https://docker.io/library/" }),
    'slipway:baseImageRegistry: "https://docker.io/library/" is not a registry; allowed: its host, optionally with a prefix, such as registry.acme.example/mirror',
  ],
  [
    "base images of another partition",
    withKeys({ "slipway:baseImageRegistry": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/mirror" }),
    'slipway:baseImageRegistry: "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/mirror" is not a registry of this partition; allowed: <account>.dkr.ecr.<region>.amazonaws.com',
  ],
  [
    "base images of China without its suffix",
    { ...beijing, "slipway:baseImageRegistry": "123456789012.dkr.ecr.cn-north-1.amazonaws.com/mirror" },
    'slipway:baseImageRegistry: "123456789012.dkr.ecr.cn-north-1.amazonaws.com/mirror" is not a registry of this partition; allowed: <account>.dkr.ecr.<region>.amazonaws.com.cn',
  ],
  [
    "base images of another partition by FIPS",
    { ...beijing, "slipway:baseImageRegistry": "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/mirror" },
    'slipway:baseImageRegistry: "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/mirror" is not a registry of this partition; allowed: <account>.dkr.ecr.<region>.amazonaws.com.cn',
  ],
  [
    "packages by a host",
    withKeys({ "slipway:npmRegistry": "npm.acme.example" }),
    'slipway:npmRegistry: "npm.acme.example" is not an npm registry; allowed: an address such as https://npm.acme.example/mirror/',
  ],
  [
    "packages with a password, without repeating it",
    withKeys({ "slipway:npmRegistry": "https://reader:secret@npm.acme.example/" }),
    "slipway:npmRegistry: holds a user or a password; allowed: an address such as https://npm.acme.example/mirror/",
  ],
  [
    "a forge that slipway does not speak to",
    withKeys({ "slipway:forges": { codecommit: {} } }),
    "slipway:forges.codecommit: is not a setting; allowed: github, gitlab, bitbucket, gitee",
  ],
  [
    "a forge that no application takes pushes from",
    withKeys({ "slipway:forges": { github: {}, gitlab: { url: "https://git.acme.example" } } }),
    "slipway:forges.gitlab: no application has a source there; give one source: push with forge: gitlab, or remove it",
  ],
  ...[
    "http://git.acme.example",
    "https://git.acme.example/",
    "https://git.acme.example/?ref=main",
    "https://git.acme.example:99999",
    "git.acme.example",
  ].map((url): [string, Raw, string] => [
    `a forge's address ${url}`,
    withKeys({ "slipway:forges": { github: { url } } }),
    `slipway:forges.github.url: "${url}" is not the base address of a forge; allowed: an address such as https://git.acme.example`,
  ]),
  [
    "a forge's address with a token, without repeating it",
    withKeys({ "slipway:forges": { github: { url: "https://secret@git.acme.example" } } }),
    "slipway:forges.github.url: holds a user or a password; allowed: an address such as https://git.acme.example",
  ],
  [
    "an address of Bitbucket",
    { ...withPush({ forge: "bitbucket" }), "slipway:forges": { bitbucket: { url: "https://git.acme.example" } } },
    "slipway:forges.bitbucket.url: only Bitbucket Cloud is supported, which needs no address; remove it",
  ],
  ...[
    ["an address", "https://secret"],
    ["a classic token of GitHub", "ghp_secret"],
    ["a fine-grained token of GitHub", "github_pat_secret"],
    ["a token of GitLab", "glpat-secret"],
    ["a token of Bitbucket", "ATCTTsecret=ABCD"],
    ["a token of Gitee", "0123456789abcdef0123456789abcdef"],
    ["an SSM parameter", "/forges/github"],
  ].map(([what, token]): [string, Raw, string] => [
    `${what} where the secret with a forge's token should be named, without repeating it`,
    withKeys({ "slipway:forges": { github: { token } } }),
    "slipway:forges.github.token: does not say which secret holds the token; allowed: a Secrets Manager name, with :key for one key of its JSON; its ARN in us-east-1, with :key:: for one key",
  ]),
  [
    "a retention that CloudWatch Logs does not take",
    withKeys({ "slipway:logRetentionDays": 31 }),
    "slipway:logRetentionDays: 31 is not a retention period that CloudWatch Logs supports; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
  ],
  [
    "a pipeline type",
    withKeys({ "slipway:pipelineType": "V3" }),
    'slipway:pipelineType: "V3" is not a pipeline type; allowed: V1, V2',
  ],
  [
    "an e-mail address",
    withKeys({ "slipway:alerts": { emails: ["team@example.com", "team"] } }),
    'slipway:alerts.emails[1]: "team" is not an e-mail address; allowed: an address such as team@example.com',
  ],
  [
    "an e-mail address in brackets",
    withKeys({ "slipway:alerts": { emails: ["<team@example.com>"] } }),
    'slipway:alerts.emails[0]: "<team@example.com>" is not an e-mail address; allowed: an address such as team@example.com',
  ],
  [
    "one address twice",
    withKeys({ "slipway:alerts": { emails: ["team@example.com", "team@example.com"] } }),
    'slipway:alerts.emails[1]: "team@example.com" is already used by slipway:alerts.emails[0]; allowed: each value once',
  ],
  [
    "a chat that slipway does not speak to",
    withKeys({ "slipway:alerts": { chat: { discord: "alerts/discord" } } }),
    "slipway:alerts.chat.discord: is not a setting; allowed: slack, teams, feishu, dingtalk, wecom",
  ],
  [
    "a chat's webhook itself, without repeating it",
    withKeys({ "slipway:alerts": { chat: { slack: "https://hooks.slack.example/services/T0/B0/secret" } } }),
    `slipway:alerts.chat.slack: ${CHAT_SECRETS}`,
  ],
  [
    "a chat's webhook in an SSM parameter",
    withKeys({ "slipway:alerts": { chat: { wecom: "/alerts/wecom" } } }),
    `slipway:alerts.chat.wecom: ${CHAT_SECRETS}`,
  ],
  [
    "a chat's webhook in an SSM parameter, by ARN",
    withKeys({ "slipway:alerts": { chat: { feishu: "arn:aws:ssm:us-east-1:123456789012:parameter/feishu" } } }),
    `slipway:alerts.chat.feishu: ${CHAT_SECRETS}`,
  ],
  [
    "a chat's webhook in another region",
    withKeys({
      "slipway:alerts": { chat: { slack: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:chat-AbCdEf" } },
    }),
    `slipway:alerts.chat.slack: ${CHAT_SECRETS}`,
  ],
  [
    "one version of a chat's webhook",
    withKeys({
      "slipway:alerts": {
        chat: { dingtalk: "arn:aws:secretsmanager:us-east-1:123456789012:secret:chat-AbCdEf:url:AWSPREVIOUS:" },
      },
    }),
    `slipway:alerts.chat.dingtalk: ${CHAT_SECRETS}`,
  ],
  [
    "a promotion as one text",
    withKeys({ "slipway:promotesTo": "prod" }),
    'slipway:promotesTo: "prod" is not a list; allowed: a list of environments',
  ],
  [
    "a promotion to no environment's name",
    withKeys({ "slipway:promotesTo": ["Prod"] }),
    'slipway:promotesTo[0]: "Prod" is not a name; allowed: 1 to 16 characters a-z, 0-9 and single hyphens, starting with a letter',
  ],
  [
    "more promotions than ECR takes exclusions from immutable tags",
    withKeys({ "slipway:promotesTo": ["a", "b", "c", "d", "e"] }),
    "slipway:promotesTo: has 5 environments; allowed: 0 to 4",
  ],
  [
    "a promotion twice to one environment",
    withKeys({ "slipway:promotesTo": ["prod", "prod"] }),
    'slipway:promotesTo[1]: "prod" is already used by slipway:promotesTo[0]; allowed: each value once',
  ],
  [
    "a promotion to itself",
    withKeys({ "slipway:promotesTo": ["prod", "dev"] }),
    'slipway:promotesTo: "dev" is the stack\'s own environment; allowed: others',
  ],
  [
    "a promotion of images that another stack keeps",
    { ...withImage({}), "slipway:promotesTo": ["prod"] },
    "slipway:promotesTo: is only for stacks that build images; move it to the stack whose source is a push",
  ],
  [
    "a protection of some resources",
    withKeys({ "slipway:protect": "tables" }),
    'slipway:protect: "tables" is not a choice; allowed: true, false',
  ],
  [
    "a deployment API by its address",
    withKeys({ "slipway:deploymentApi": "https://deploy.example.com" }),
    'slipway:deploymentApi: "https://deploy.example.com" is not a choice; allowed: true, false',
  ],
  [
    "a deployment API of nothing that it could deploy",
    { ...withApplication({ deploy: "ecs" }), "slipway:deploymentApi": true },
    "slipway:deploymentApi: no application has deploy: callback; set it for one, or remove deploymentApi",
  ],
  [
    "applications that did not parse",
    withKeys({ "slipway:applications": "[{name: storefront" }),
    'slipway:applications: "[{name: storefront" is not a list; allowed: a list of applications',
  ],
  [
    "no application",
    withKeys({ "slipway:applications": [] }),
    "slipway:applications: has 0 applications; allowed: 1 or more",
  ],
];

describe("the configuration of a stack", () => {
  for (const [title, raw, ...lines] of MISTAKES)
    it(`refuses ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal(lines);
    });
});
