import { expect } from "chai";
import {
  mistakesOf,
  type Raw,
  storefront,
  web,
  withApplication,
  withKeys,
  withService,
  withServices,
} from "../configurations";

const SECRET_PLACES =
  "a Secrets Manager name, with :key for one key of its JSON; an SSM parameter name that begins with /; an ARN of either in aws";

/** A configuration, and all lines that it gives. */
const MISTAKES: [title: string, raw: Raw, ...lines: string[]][] = [
  ["no service", withServices(), "slipway:applications[0].services: has 0 services; allowed: 1 to 6"],
  [
    "more services than a continuation token holds",
    withServices(...["a", "b", "c", "d", "e", "f", "g"].map((name) => ({ name, command: ["run"] }))),
    "slipway:applications[0].services: has 7 services; allowed: 1 to 6",
  ],
  [
    "an unknown key of a service",
    withService({ healthcheck: "/healthz" }),
    "slipway:applications[0].services[0].healthcheck: is not a setting; allowed: name, port, command, count, healthCheck, hosts, cpu, memory, environment, secrets",
  ],
  [
    "a port beyond the last",
    withService({ port: 65536 }),
    "slipway:applications[0].services[0].port: 65536 is not a port; allowed: 1 to 65535",
  ],
  [
    "a command as one text",
    withService({ command: "node worker.js" }),
    'slipway:applications[0].services[0].command: "node worker.js" is not a list; allowed: a list of arguments',
  ],
  [
    "a CPU that Fargate has no size for, in the second service",
    withServices(web, { name: "worker", command: ["node", "worker.js"], cpu: 300 }),
    "slipway:applications[0].services[1].cpu: 300 is not a Fargate size; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384",
  ],
  [
    "a memory that Fargate does not pair with the CPU",
    withService({ cpu: 1024, memory: 512 }),
    "slipway:applications[0].services[0].memory: 512 is not a Fargate size with cpu 1024; allowed: 2048, 3072, 4096, 5120, 6144, 7168, 8192",
  ],
  [
    "half a task",
    withService({ count: 0.5 }),
    "slipway:applications[0].services[0].count: 0.5 is not a number of tasks; allowed: 0 to 5000",
  ],
  [
    "a health check without its slash",
    withService({ healthCheck: "healthz" }),
    'slipway:applications[0].services[0].healthCheck: "healthz" is not a path; allowed: a path such as /healthz',
  ],
  [
    "a host with its scheme",
    withService({ hosts: ["https://shop.example.com"] }),
    'slipway:applications[0].services[0].hosts[0]: "https://shop.example.com" is not a host name; allowed: a DNS name in lower case, such as shop.example.com',
  ],
  [
    "more hosts than a listener rule takes",
    withService({ hosts: ["a", "b", "c", "d", "e", "f"].map((letter) => `${letter}.example.com`) }),
    "slipway:applications[0].services[0].hosts: has 6 hosts; allowed: 1 to 5",
  ],
  [
    "neither port nor command",
    withServices({ name: "worker" }),
    "slipway:applications[0].services[0].port: is missing; expected a port for a web service, or a command for a worker",
  ],
  [
    "a worker that is asked for its health",
    withServices({ name: "worker", command: ["work"], healthCheck: "/", hosts: ["w.example.com"] }),
    "slipway:applications[0].services[0].healthCheck: is for web services; give the service a port, or remove it",
    "slipway:applications[0].services[0].hosts: is for web services; give the service a port, or remove it",
  ],
  [
    "a variable that no shell could name",
    withService({ environment: { "LOG-LEVEL": "info" } }),
    'slipway:applications[0].services[0].environment: "LOG-LEVEL" is not the name of a variable; allowed: letters, digits and _, not starting with a digit',
  ],
  [
    "a variable that YAML reads as a boolean",
    withService({ environment: { VERBOSE: true } }),
    "slipway:applications[0].services[0].environment.VERBOSE: true is not text; allowed: text, in quotes",
  ],
  [
    "a variable with two sources",
    withService({ environment: { TOKEN: "x" }, secrets: { TOKEN: "storefront/token" } }),
    "slipway:applications[0].services[0].secrets.TOKEN: is in environment too; keep one of them",
  ],
  [
    "an address where a secret's name belongs, which is not repeated",
    withService({ secrets: { WEBHOOK: "https://chat.example.com/webhook/secret" } }),
    `slipway:applications[0].services[0].secrets.WEBHOOK: does not say where the secret is kept; allowed: ${SECRET_PLACES}`,
  ],
  [
    "a secret in the wrong place, which is not repeated",
    withService({ secrets: { PASSWORD: "correct horse!" } }),
    `slipway:applications[0].services[0].secrets.PASSWORD: does not say where the secret is kept; allowed: ${SECRET_PLACES}`,
  ],
  [
    "a secret of another partition",
    withService({ secrets: { TOKEN: "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:token-AbCdEf" } }),
    `slipway:applications[0].services[0].secrets.TOKEN: does not say where the secret is kept; allowed: ${SECRET_PLACES}`,
  ],
  [
    "one name for two applications",
    withKeys({
      "slipway:applications": [
        storefront,
        { ...storefront, services: [{ ...web, name: "api", hosts: ["api.example.com"] }] },
      ],
    }),
    'slipway:applications[1].name: "storefront" is already used by slipway:applications[0].name; allowed: each value once',
  ],
  [
    "one name for two services",
    withServices(web, { name: "web", command: ["work"] }),
    'slipway:applications[0].services[1].name: "storefront-web" is already used by slipway:applications[0].services[0].name; allowed: each value once',
  ],
  [
    "a service that is called as the one-off task is",
    withApplication({ schedules: "schedules.yaml", services: [web, { name: "task", command: ["work"] }] }),
    'slipway:applications[0].services[1].name: "storefront-task" is already used by slipway:applications[0].task; allowed: each value once',
  ],
  [
    "two applications whose services' resources would have one name",
    withKeys({
      "slipway:applications": [
        { ...storefront, name: "shop", services: [{ ...web, name: "front-web" }] },
        { ...storefront, name: "shop-front", services: [{ ...web, hosts: ["shop.example.com"] }] },
      ],
    }),
    'slipway:applications[1].services[0].name: "shop-front-web" is already used by slipway:applications[0].services[0].name; allowed: each value once',
  ],
  [
    "a name that leaves no room in a target group's",
    withApplication({ name: "recommendation-core", services: [{ ...web, name: "worker" }] }),
    'slipway:applications[0].services[0].name: "recommendation-core-worker" has 26 characters; allowed: 24 for <application>-<service>',
  ],
  [
    "one host for two services",
    withServices({ ...web, hosts: ["shop.example.com"] }, { ...web, name: "api", hosts: ["shop.example.com"] }),
    'slipway:applications[0].services[1].hosts[0]: "shop.example.com" is already used by slipway:applications[0].services[0].hosts[0]; allowed: each value once',
  ],
  [
    "two services that take every host",
    withServices(web, { ...web, name: "api" }),
    "slipway:applications[0].services[1].hosts: is missing; expected host names, because slipway:applications[0].services[0] already receives all other requests",
  ],
  [
    "several mistakes at once",
    withKeys({
      "slipway:logRetentionDays": 2,
      "slipway:applications": [{ ...storefront, deploy: "rsync", services: [{ ...web, cpu: 1 }] }],
    }),
    "slipway:logRetentionDays: 2 is not a retention period that CloudWatch Logs supports; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
    "slipway:applications[0].services[0].cpu: 1 is not a Fargate size; allowed: 256, 512, 1024, 2048, 4096, 8192, 16384",
    'slipway:applications[0].deploy: "rsync" is not a way to deploy; allowed: callback, ecs, gitops',
  ],
];

describe("the configuration of services", () => {
  for (const [title, raw, ...lines] of MISTAKES)
    it(`refuses ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal(lines);
    });
});
