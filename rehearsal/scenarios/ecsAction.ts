import { twoVersions } from "./deliver";
import type { Scenario } from "./scenario";
import { deliversAs } from "./steps/deliveries";
import { nothingIsMissing } from "./steps/watching";

const delivers = deliversAs({ actions: ["Source", "Test", "Build", "Migrate", ["web", "worker"], "Schedules", "Tag"] });

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
  steps: [nothingIsMissing(12), ...twoVersions(delivers)],
};
