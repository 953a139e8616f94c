import { commitVersion } from "../forges/storefront";
import { expectEqual, expectSame, type Scenario, type Step } from "./scenario";
import { type ScenarioContext, stackOf } from "./scenarioContext";
import { application, taggedDigest } from "./steps/delivered";
import { addWebhook, type Execution, endOf, push, startOf } from "./steps/deliveries";
import { expectFailed } from "./steps/failing";
import { expectOpened, firstTag, overlayOf } from "./steps/gitopsOpened";
import { expectNotices } from "./steps/notices";
import {
  gitopsIsPrivate,
  gitopsOf,
  openOnes,
  type PullRequestRecord,
  pullRequestOf,
  pullRequestsOf,
  registryOf,
  requestPullRequest,
  secret,
  settings,
  taskEnds,
  token,
} from "./steps/pullRequests";
import { noSecretLeaks } from "./steps/secretLeaks";
import { commitOf, lastVersion } from "./steps/versions";

/** The actions of a delivery. */
const actions = ["Source", "Test", "Build", "PullRequest", "Tag"];

/** Follows the last push until it ends. */
async function follow(context: ScenarioContext): Promise<Execution> {
  const id = await startOf(context);
  const family = `${stackOf(context).environment}-slipway-gitops-pr`;
  await taskEnds(context, (task) => task.family === family);
  return endOf(context, id);
}

/** The latest record. */
async function lastRecord(context: ScenarioContext): Promise<PullRequestRecord> {
  const { status, body } = await requestPullRequest(context, { method: "GET", path: "?limit=1" });
  expectEqual(`the status of the list (${body})`, status, 200);
  return JSON.parse(body).pullRequests[0];
}

/** The last push is built, and its image is proposed by digest. The action shows the pull request. */
const proposes: Step = {
  title: "the pipeline builds it, and opens a pull request with the image's digest",
  async run(context) {
    const execution = await follow(context);
    expectEqual(`the execution ended${execution.failure && ` (${execution.failure})`}`, execution.status, "Succeeded");
    expectSame(
      "its actions ended",
      execution.actions,
      actions.map((it) => [it, "Succeeded"]),
    );
    const version = lastVersion(context);
    const record = await lastRecord(context);
    const digest = await taggedDigest(context, commitOf(context, version));
    expectSame(
      "the record",
      [record.service, record.revision, record.image],
      [application, commitOf(context, version), `${application}=${registryOf(context)}/${application}@${digest}`],
    );
    const shown = await expectOpened(context, record, [`-    newTag: ${firstTag}`, `+    digest: ${digest}`]);
    expectSame("the pull requests that are open", openOnes(context), [pullRequestOf(context, record).number]);
    const said = context
      .since()
      .flatMap((it) => (it.kind === "action" && it.action === "PullRequest" ? (it.summary ?? "") : []));
    expectEqual("whether the action says where", String(said.at(-1)?.includes(String(record.url))), "true");
    const { environment } = stackOf(context);
    expectEqual(`the image with tag ${environment}`, await taggedDigest(context, environment), digest);
    await expectNotices(context, [`${application} in ${environment}: ${version} succeeded`]);
    return shown;
  },
};

/** The action fails with the record's error. */
const failsWithTheCause: Step = {
  title: "the overlay does not exist: the action fails with the cause of the record",
  async run(context) {
    const before = pullRequestsOf(context).length;
    const execution = await follow(context);
    const record = await lastRecord(context);
    expectEqual("the record's state", record.state, "failed");
    await expectFailed(context, execution, {
      actions: actions.slice(0, -1),
      causes: [literally(record.cause ?? "a cause")],
      stage: "Deploy",
      leaves: { tagged: "2.0.0" },
    });
    expectEqual("pull requests", pullRequestsOf(context).length, before);
    return record.cause;
  },
};

const literally = (text: string): RegExp => new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));

export const gitopsPipeline: Scenario = {
  name: "gitopsPipeline",
  title: "a pipeline opens a pull request for its image, and its action ends as the record does",
  settings: {
    "slipway:deploymentApi": false,
    "slipway:pullRequests": settings,
    "slipway:applications": [
      {
        name: application,
        source: { push: { repository: "acme/storefront", branch: "main" } },
        build: { test: "npm test" },
        deploy: "gitops",
      },
    ],
  },
  secrets: [secret],
  troubled: true,
  steps: [
    gitopsIsPrivate,
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    proposes,
    push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
    proposes,
    push("the overlay is removed, and version 3.0.0 is pushed", async (repository, context) => {
      const change = { [overlayOf(application, stackOf(context).environment)]: null };
      await context.forges.push(gitopsOf(context), await gitopsOf(context).commit(change, "Run no storefront"));
      return commitVersion(repository, "3.0.0");
    }),
    failsWithTheCause,
    noSecretLeaks([token]),
  ],
};
