import type { CloudEvent } from "../cloud/events";
import { commitVersion } from "../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Scenario, type Step } from "./scenario";
import { answers, deliversAs, push, startOf, waitingFor } from "./steps/deliveries";
import { deploy, ended, refuses, requestDeployment, wanting } from "./steps/deployments";
import { expectNotices } from "./steps/notices";
import { at, expectState, schedulesAt } from "./steps/state";
import { isOneOff } from "./steps/tasks";
import { readable } from "./steps/versions";

const failed = "storefront in dev: deployment request for 3.0.0 failed";

/** Requests an earlier version, which runs in the end. The schedules stay those of 2.0.0. */
const deploys = (version: string): Step => ({
  title: `version ${version} is requested by HTTP, and deployed`,
  async run(context) {
    context.mark = context.account.events.length;
    const { id } = await deploy(context, version);
    const { state, summary = "", cause } = await ended(context, id);
    expectEqual(`the deployment ended${cause === undefined ? "" : ` (${cause})`}`, state, "succeeded");
    expectMatches("the summary", summary, /storefront:dev now points to this image$/);
    await expectState(context, { ...at(version), schedules: schedulesAt("2.0.0") });
    await expectNotices(context, [`storefront in dev: deployment request for ${version} succeeded`]);
    return `deployment ${id}`;
  },
});

/** A second deployment is rejected while one is in progress; the error names the one in progress. */
const oneAtATime: Step = {
  title: "while 2.0.0 is deployed by HTTP, another request is refused; then 2.0.0 runs again",
  async run(context) {
    context.mark = context.account.events.length;
    const first = await deploy(context, "2.0.0");
    const second = await requestDeployment(context, { body: wanting(context, "1.0.0") });
    const { reason, ...others } = JSON.parse(second.body);
    expectSame("the refusal", [second.status, others], [409, { deployment: first.id }]);
    const held = `storefront is being deployed: version 2.0.0 by deployment request ${first.id}`;
    expectEqual("the reason", readable(context, reason), held);
    expectEqual("the first one ended", (await ended(context, first.id)).state, "succeeded");
    await expectState(context, at("2.0.0"));
    await expectNotices(context, ["storefront in dev: deployment request for 2.0.0 succeeded"]);
    return `409: ${held}`;
  },
};

/** The pipeline reaches its deployment while one by HTTP is in progress. That one fails and is rolled back. */
const pipelineWaits: Step = {
  title: "during its migration, 3.0.0 is requested, which crashes: the pipeline waits until it is rolled back",
  async run(context) {
    const execution = await startOf(context);
    await context.event(
      (event): event is CloudEvent =>
        isOneOff(context, event) && event.startedBy === execution && event.status === "RUNNING",
    );
    const { id } = await deploy(context, "3.0.0");
    const waits = waitingFor(`version 3.0.0 by deployment request ${id}`);
    await context.event(
      (event): event is CloudEvent =>
        event.kind === "log" && readable(context, event.line).includes(`"summary":"${waits}"`),
    );
    // The lock is released before this, and the pipeline checks every minute.
    await expectNotices(context, [failed]);
    await context.clock.during(expectState(context, at("2.0.0")));
    const { state, cause = "" } = await ended(context, id);
    expectEqual("the deployment ended", state, "failed");
    expectMatches(
      "the cause",
      cause,
      /container app exited with 1/,
      /Rollback: storefront-web-service-\w+ is back at dev-storefront-web:\d+/,
    );
    return waits;
  },
};

/** Once the pipeline has started to change services, it holds the lock. */
const pipelineGoesFirst: Step = {
  title: "then it continues, and a request for 1.0.0 is refused meanwhile",
  async run(context) {
    const execution = await startOf(context);
    await context.event(
      (event): event is CloudEvent =>
        event.kind === "log" && event.line.includes(`deploy/${execution} `) && event.line.includes("rolling out "),
    );
    const { status, body } = await requestDeployment(context, { body: wanting(context, "1.0.0") });
    const { reason, ...others } = JSON.parse(body);
    expectSame("the refusal", [status, others], [409, { execution }]);
    const held = `storefront is being deployed: version 3.3.0 by pipeline execution ${execution}`;
    expectEqual("the reason", readable(context, reason), held);
    return `409: ${held}`;
  },
};

const unknown = "11111111-1111-4111-8111-111111111111";
const json = (value: object) => ({ body: JSON.stringify(value) });

export const deploymentByHttp: Scenario = {
  name: "deploymentByHttp",
  title: "any built version can be deployed by HTTP, but not at the same time as the pipeline",
  needs: ["rollback"],
  troubled: true,
  steps: [
    deploys("1.0.0"),
    answers("1.0.0"),
    oneAtATime,
    answers("2.0.0"),
    refuses("no token is refused", 401, "send the header Authorization: Bearer <token>", (context) => ({
      token: null,
      body: wanting(context, "1.0.0"),
    })),
    refuses("another token is refused", 401, "the bearer token is not valid", (context) => ({
      token: "no-such-token",
      body: wanting(context, "1.0.0"),
    })),
    refuses("an application that is not here", 404, "no application with this name is deployed here", (context) =>
      json({ ...JSON.parse(wanting(context, "1.0.0")), application: "backoffice" }),
    ),
    refuses("a version that was never built", 404, `repository storefront has no image ${"0".repeat(40)}`, () =>
      json({ application: "storefront", version: "0".repeat(40) }),
    ),
    refuses(
      "a deployment that there is not",
      404,
      "there is no deployment request with this id: records are kept for 90 days",
      () => ({ method: "GET", path: `/${unknown}` }),
    ),
    push("version 3.3.0 is pushed", (repository) => commitVersion(repository, "3.3.0")),
    pipelineWaits,
    pipelineGoesFirst,
    deliversAs({ waitedFor: [failed] }),
    answers("3.3.0"),
  ],
};
