import { CHAT_KINDS } from "../../handlers/chat/shape";
import { gitopsStorefront, pullRequests, type Raw, storefront } from "./configurations";

const secret = (name: string) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf:key::`;

/** A stack that has every part that slipway can make. */
export const everyOption: Raw = {
  "aws:region": "us-east-1",
  "slipway:environment": "dev",
  "slipway:network": { egress: "nat-instance", natInstance: {}, endpoints: ["ecr.api", "ecr.dkr", "logs"] },
  "slipway:loadBalancer": {
    certificate: "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
  },
  "slipway:forges": { github: { token: secret("github") }, gitlab: { token: secret("gitlab") } },
  "slipway:alerts": {
    emails: ["ops@acme.example"],
    chat: Object.fromEntries(CHAT_KINDS.map((kind) => [kind, secret(kind)])),
  },
  "slipway:promotesTo": ["prod"],
  "slipway:deploymentApi": true,
  "slipway:pullRequests": {
    ...pullRequests,
    tokens: { ci: { services: ["basket"], image: "registry.acme.example/*" } },
  },
  "slipway:applications": [
    {
      ...storefront,
      build: { test: "npm test" },
      services: [
        { name: "web", port: 8080, hosts: ["shop.acme.example"], secrets: { TOKEN: secret("storefront") } },
        { name: "worker", command: ["node", "worker.js"] },
      ],
      migrate: { command: ["node", "migrate.js"] },
      schedules: "schedules.yaml",
      approval: true,
    },
    {
      name: "search",
      source: { push: { forge: "gitlab", repository: "acme/search", branch: "main" } },
      services: [{ name: "api", port: 8081 }],
      deploy: "ecs",
    },
    {
      name: "stock",
      source: { image: { repository: "stock", tag: "staging" } },
      services: [{ name: "worker", command: ["node", "worker.js"] }],
    },
    { ...gitopsStorefront, name: "basket", source: { push: { repository: "acme/basket", branch: "main" } } },
  ],
};
