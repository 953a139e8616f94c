import { assert } from "chai";
import { readOutputs } from "../../rehearsal/scenarios/outputs";

const tables = {
  services: { "storefront/web": "http://lb" },
  repositories: { storefront: "registry/storefront" },
  pipelines: { storefront: "storefront-abc1234" },
};
const webhook = { webhookUrl: "https://api/webhooks/github", webhookSecret: "secret" };
const deployments = { deploymentsUrl: "https://api/deployments", deploymentToken: "token" };

describe("rehearsal: a stack's outputs", () => {
  const taken: [name: string, outputs: Record<string, unknown>][] = [
    ["with a webhook", { ...tables, ...webhook }],
    ["without one, as a stack has that takes images", tables],
    ["with deployments by HTTP", { ...tables, ...deployments }],
    ["with more than scenarios need", { ...tables, loadBalancer: "lb" }],
  ];
  for (const [name, outputs] of taken)
    it(`are read ${name}`, () => {
      assert.deepEqual(readOutputs(outputs) as object, outputs);
    });

  const refused: [outputs: Record<string, unknown>, missing: string][] = [
    [{}, "services, repositories, pipelines"],
    [{ ...tables, pipelines: { storefront: 1 } }, "pipelines"],
    [{ ...tables, webhookUrl: webhook.webhookUrl }, "webhookSecret"],
    [{ ...tables, ...webhook, webhookUrl: "" }, "webhookUrl"],
    [{ ...tables, deploymentToken: "token" }, "deploymentsUrl"],
  ];
  for (const [outputs, missing] of refused)
    it(`are refused without ${missing}`, () => {
      assert.throws(() => readOutputs(outputs), `The stack's outputs lack ${missing}: the scenarios need`);
    });
});
