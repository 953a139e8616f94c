import { expect } from "chai";
import { mistakesOf, type Raw, withApplication, withImage, withKeys } from "./configurations";

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
    "an unknown key of the stack",
    withKeys({ "slipway:aplications": [] }),
    "slipway:aplications: is not a setting; allowed: environment, network, loadBalancer, intake, logRetentionDays, pipelineType, alerts, promotesTo, deploymentApi, applications",
  ],
  [
    "an environment in upper case",
    withKeys({ "slipway:environment": "Dev" }),
    'slipway:environment: "Dev" is not a name; allowed: 1 to 16 of a-z, 0-9 and single hyphens, a letter first',
  ],
  [
    "an environment that YAML reads as a number",
    withKeys({ "slipway:environment": 1 }),
    "slipway:environment: 1 is not a name; allowed: 1 to 16 of a-z, 0-9 and single hyphens, a letter first, in quotes",
  ],
  [
    "text where a network belongs",
    withKeys({ "slipway:network": "10.20.0.0/16" }),
    'slipway:network: "10.20.0.0/16" is not a map of settings; allowed: cidr, availabilityZones, egress',
  ],
  [
    "a range that is no network",
    withKeys({ "slipway:network": { cidr: "10.20.0.256/16" } }),
    'slipway:network.cidr: "10.20.0.256/16" is not an IPv4 network for a VPC; allowed: a network of /16 to /22, such as 10.20.0.0/16',
  ],
  [
    "a range too small for its subnets",
    withKeys({ "slipway:network": { cidr: "10.20.0.0/23" } }),
    'slipway:network.cidr: "10.20.0.0/23" is not an IPv4 network for a VPC; allowed: a network of /16 to /22, such as 10.20.0.0/16',
  ],
  [
    "a range with bits beyond its prefix",
    withKeys({ "slipway:network": { cidr: "10.20.7.0/22" } }),
    'slipway:network.cidr: "10.20.7.0/22" is not the first address of its network; allowed: 10.20.4.0/22',
  ],
  [
    "one availability zone",
    withKeys({ "slipway:network": { availabilityZones: 1 } }),
    "slipway:network.availabilityZones: 1 is not a number of availability zones; allowed: 2 to 4",
  ],
  [
    "an availability zone of another region",
    withKeys({ "slipway:network": { availabilityZones: ["us-east-1a", "us-west-2b"] } }),
    'slipway:network.availabilityZones[1]: "us-west-2b" is not an availability zone; allowed: us-east-1 and a letter, such as us-east-1a',
  ],
  [
    "an availability zone by its letter",
    withKeys({ "slipway:network": { availabilityZones: ["a", "b"] } }),
    'slipway:network.availabilityZones[0]: "a" is not an availability zone; allowed: us-east-1 and a letter, such as us-east-1a',
    'slipway:network.availabilityZones[1]: "b" is not an availability zone; allowed: us-east-1 and a letter, such as us-east-1a',
  ],
  [
    "one availability zone twice",
    withKeys({ "slipway:network": { availabilityZones: ["us-east-1a", "us-east-1a"] } }),
    'slipway:network.availabilityZones[1]: "us-east-1a" is slipway:network.availabilityZones[0] again; allowed: each one once',
  ],
  [
    "egress that is planned",
    withKeys({ "slipway:network": { egress: "nat-instance" } }),
    'slipway:network.egress: "nat-instance" is not supported yet; allowed: nat-gateway, nat-gateway-per-zone',
  ],
  [
    "a certificate of another region",
    withKeys({ "slipway:loadBalancer": { certificate: "arn:aws:acm:eu-west-1:123456789012:certificate/1f0e" } }),
    'slipway:loadBalancer.certificate: "arn:aws:acm:eu-west-1:123456789012:certificate/1f0e" is not an ACM certificate of this region; allowed: arn:aws:acm:us-east-1:<account>:certificate/<id>',
  ],
  [
    "a way in that is planned",
    withKeys({ "slipway:intake": "poll" }),
    'slipway:intake: "poll" is not supported yet; allowed: webhook',
  ],
  [
    "a way in that nobody planned",
    withKeys({ "slipway:intake": "email" }),
    'slipway:intake: "email" is not a way in for pushes; allowed: webhook',
  ],
  [
    "a retention that CloudWatch Logs does not take",
    withKeys({ "slipway:logRetentionDays": 31 }),
    "slipway:logRetentionDays: 31 is not a retention that CloudWatch Logs takes; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
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
    "one address twice",
    withKeys({ "slipway:alerts": { emails: ["team@example.com", "team@example.com"] } }),
    'slipway:alerts.emails[1]: "team@example.com" is slipway:alerts.emails[0] again; allowed: each one once',
  ],
  [
    "a chat that slipway does not speak to",
    withKeys({ "slipway:alerts": { chat: { teams: "alerts/teams" } } }),
    "slipway:alerts.chat.teams: is not a setting; allowed: slack, feishu, dingtalk, wecom",
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
    'slipway:promotesTo[0]: "Prod" is not a name; allowed: 1 to 16 of a-z, 0-9 and single hyphens, a letter first',
  ],
  [
    "a promotion twice to one environment",
    withKeys({ "slipway:promotesTo": ["prod", "prod"] }),
    'slipway:promotesTo[1]: "prod" is slipway:promotesTo[0] again; allowed: each one once',
  ],
  [
    "a promotion to itself",
    withKeys({ "slipway:promotesTo": ["prod", "dev"] }),
    'slipway:promotesTo: "dev" is the stack\'s own environment; allowed: others',
  ],
  [
    "a promotion of images that another stack keeps",
    { ...withImage({}), "slipway:promotesTo": ["prod"] },
    "slipway:promotesTo: is for stacks that build images; put it where the source is a push",
  ],
  [
    "a deployment API by its address",
    withKeys({ "slipway:deploymentApi": "https://deploy.example.com" }),
    'slipway:deploymentApi: "https://deploy.example.com" is not a choice; allowed: true, false',
  ],
  [
    "a deployment API of nothing that it could deploy",
    { ...withApplication({ deploy: "ecs" }), "slipway:deploymentApi": true },
    "slipway:deploymentApi: no application has deploy: callback; give it to one, or remove deploymentApi",
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
