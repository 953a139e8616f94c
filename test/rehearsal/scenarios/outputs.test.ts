import { assert } from "chai";
import { readOutputs } from "../../../rehearsal/scenarios/steps/outputs";

const tables = {
  services: { "storefront/web": "http://lb" },
  repositories: { storefront: "registry/storefront" },
  pipelines: { storefront: "storefront-abc1234" },
};
const webhooks = {
  webhookUrls: { "github/a/b": "https://api/webhooks/github/a/b", "gitlab/a/b": "https://api/webhooks/gitlab/a/b" },
  webhookSecrets: { "gitlab/a/b": "other", "github/a/b": "secret" },
};
const deployments = { deploymentsUrl: "https://api/deployments", deploymentToken: "token" };

describe("rehearsal: a stack's outputs", () => {
  const taken: [name: string, outputs: Record<string, unknown>][] = [
    ["with webhooks", { ...tables, ...webhooks }],
    ["without one, as a stack has that takes images", tables],
    ["with deployments by HTTP", { ...tables, ...deployments }],
    ["with pull requests", { ...tables, pullRequestsUrl: "https://api/pullrequests", pullRequestsToken: "token" }],
    ["with more than scenarios need", { ...tables, loadBalancer: "lb" }],
  ];
  for (const [name, outputs] of taken)
    it(`are read ${name}`, () => {
      assert.deepEqual(readOutputs(outputs) as object, outputs);
    });

  const refused: [outputs: Record<string, unknown>, missing: string][] = [
    [{}, "services, repositories, pipelines"],
    [{ ...tables, pipelines: { storefront: 1 } }, "pipelines"],
    [{ ...tables, webhookUrls: webhooks.webhookUrls }, "webhookSecrets"],
    [{ ...tables, ...webhooks, webhookUrls: { "github/a/b": "" } }, "webhookUrls, webhookSecrets"],
    [{ ...tables, ...webhooks, webhookSecrets: { "github/a/b": "secret" } }, "webhookSecrets"],
    [{ ...tables, deploymentToken: "token" }, "deploymentsUrl"],
    [{ ...tables, pullRequestsUrl: "https://api/pullrequests" }, "pullRequestsToken"],
  ];
  for (const [outputs, missing] of refused)
    it(`are refused without ${missing}`, () => {
      assert.throws(() => readOutputs(outputs), `The stack's outputs lack ${missing}: the scenarios need`);
    });
});
