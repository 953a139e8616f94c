import { commitVersion, importStorefront } from "../../github/storefront";
import type { Scenario } from "../scenario";
import { addWebhook, answers, deliversAs, push } from "../steps";

const delivers = deliversAs({ actions: ["Source", "Build", "Migrate", ["web", "worker"], "Schedules", "Tag"] });

export const ecsAction: Scenario = {
  name: "ecsAction",
  title: "CodePipeline's own ECS actions deploy the services",
  settings: {
    "slipway:deploymentApi": false,
    "slipway:applications": [
      {
        name: "storefront",
        source: { push: { repository: "acme/storefront", branch: "main" } },
        build: { test: "npm test" },
        services: [
          { name: "web", port: 8080, cpu: 256, memory: 512, count: 2, healthCheck: "/healthz" },
          { name: "worker", command: ["node", "worker.js"] },
        ],
        migrate: { command: ["node", "migrate.js"] },
        schedules: "schedules.yaml",
        deploy: "ecs",
      },
    ],
  },
  steps: [
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => importStorefront(repository, "1.0.0")),
    delivers,
    answers("1.0.0"),
    push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
    delivers,
    answers("2.0.0"),
  ],
};
