import { startExternalServices } from "../../../rehearsal/externalServices";
import type { Registration } from "../../../rehearsal/monitor";
import type { Rehearsal } from "../../../rehearsal/rehearsal";
import { createScenarioContext } from "../../../rehearsal/scenarios/scenarioContext";
import { createTestCloud, registrationOf, type TestCloud } from "../support";

export const KEY = "github/acme/storefront";
export const outputs = {
  webhookUrls: { [KEY]: `https://abc.execute-api.us-east-1.amazonaws.com/webhooks/${KEY}` },
  webhookSecrets: { [KEY]: "secret" },
  services: { "storefront/web": "http://lb.us-east-1.elb.amazonaws.com" },
  repositories: { storefront: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront" },
  pipelines: { storefront: "storefront-abc1234" },
};

export const fetchFunction = registrationOf("urn:pulumi:test::slipway::aws:lambda/function:Function::fetch", {
  inputs: { loggingConfig: { logFormat: "Text", logGroup: "fetch-logs" } },
});

export const stack = (name: string, outputs: object, registrations: Registration[] = []) => ({
  name,
  environment: name,
  program: { registrations, outputs: { ...outputs }, secretOutputs: [], warnings: [] },
});

export async function rehearsalOf(account: TestCloud, stacks: Rehearsal["stacks"]): Promise<Rehearsal> {
  const external = await startExternalServices(account);
  const close = async () => {
    await external.close();
    await account.close();
  };
  return { account, stacks, external, close };
}

/** An account of one stack, and the context in which scenarios play in it. */
export async function openContext() {
  const account = await createTestCloud([]);
  const context = await createScenarioContext(await rehearsalOf(account, [stack("dev", outputs, [fetchFunction])]));
  return { account, context };
}
