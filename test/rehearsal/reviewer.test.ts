import { expect } from "chai";
import { createEcr } from "../../rehearsal/cloud/ecr";
import { startExternalServices } from "../../rehearsal/externalServices";
import { type Reviewer, startReviewer } from "../../rehearsal/reviewer";
import { createScenarioContext, type ScenarioContext } from "../../rehearsal/scenarios/scenarioContext";
import { aws, createPipelineCloud, deliver, type PipelineCloud, source, stage } from "./cloud/codePipeline/support";

const approval = { ...aws("Approval", "Manual"), name: "Approval" };

const outputs = {
  webhookUrls: {
    "github/acme/storefront": "https://abc.execute-api.us-east-1.amazonaws.com/webhooks/github/acme/storefront",
  },
  webhookSecrets: { "github/acme/storefront": "secret" },
  services: {},
  repositories: { storefront: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront" },
  pipelines: { storefront: "storefront" },
};

describe("rehearsal: who answers approvals by hand", () => {
  let account: PipelineCloud;
  let context: ScenarioContext;
  let reviewer: Reviewer | undefined;

  beforeEach(async () => {
    account = await createPipelineCloud([createEcr]);
    await account.cloud.declare("aws:ecr/repository:Repository", "storefront", { name: "storefront" });
    const program = { registrations: [], outputs, secretOutputs: [], warnings: [] };
    const external = await startExternalServices(account.cloud);
    context = await createScenarioContext({
      account: account.cloud,
      stacks: [{ name: "prod", environment: "prod", program }],
      external,
      close: async () => {
        await external.close();
        account.close();
      },
    });
  });

  afterEach(async () => {
    reviewer?.close();
    await context.close();
  });

  async function ask(path: string, method = "POST"): Promise<[status: number, text: string]> {
    const response = await fetch(`${reviewer?.url}${path}`, { method });
    return [response.status, await response.text()];
  }

  it("is not there where nobody is asked", async () => {
    await account.declare(deliver);
    reviewer = await startReviewer(context);
    expect(reviewer).to.equal(undefined);
  });

  it("answers what waits, once, with the reason", async () => {
    await account.declare([stage("Source", source), stage("Approval", approval)]);
    reviewer = await startReviewer(context);
    const nothing = [409, "storefront: nothing waits for approval.\n"];
    expect(await ask("/approve")).to.deep.equal(nothing);

    const first = await account.start();
    await account.action(first, "Approval");
    expect(await ask("/reject?reason=not+today")).to.deep.equal([200, `${account.version} is rejected.\n`]);
    expect((await account.finished(first)).reason).to.equal("Approval/Approval: Rejected: not today");
    expect(await ask("/approve")).to.deep.equal(nothing);

    const second = await account.start();
    await account.action(second, "Approval");
    expect(await ask("/approve")).to.deep.equal([200, `${account.version} is approved.\n`]);
    expect((await account.finished(second)).status).to.equal("Succeeded");
  });

  it("lets no web page approve", async () => {
    await account.declare([stage("Source", source), stage("Approval", approval)]);
    reviewer = await startReviewer(context);
    const execution = await account.start();
    await account.action(execution, "Approval");
    const { origin, href } = new URL(reviewer?.url ?? "");
    const post = async (url: string, headers: Record<string, string>) =>
      (await fetch(url, { method: "POST", headers })).status;
    expect(await post(`${origin}/approve`, {})).to.equal(403);
    expect(await post(`${href}/approve`, { origin: "https://evil.example" })).to.equal(403);
    expect(await ask("/approve")).to.deep.equal([200, `${account.version} is approved.\n`]);
  });

  it("knows no other address, and changes nothing for who only looks", async () => {
    await account.declare([stage("Source", source), stage("Approval", approval)]);
    reviewer = await startReviewer(context);
    expect(await ask("/toString")).to.deep.equal([404, "There are /approve and /reject.\n"]);
    expect(await ask("/approve", "GET")).to.deep.equal([405, "/approve takes POST.\n"]);
  });
});
