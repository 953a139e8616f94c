import type { CloudEvent } from "../cloud/events";
import { commitCrash, commitSchedules, commitVersion, renamedSchedules } from "../forges/storefront";
import { expectSame, type Scenario, type Step } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { servicesOf } from "./steps/delivered";
import { addWebhook, answers, delivers, deliversAs, push, startOf } from "./steps/deliveries";
import { fails } from "./steps/failing";
import { changesRules } from "./steps/scheduleRules";
import { at, type DeliveryState, expectState } from "./steps/state";
import { migrationsOf } from "./steps/tasks";

type DeploymentEvent = Extract<CloudEvent, { kind: "deployment" }>;

/** What version 1.2.0 requests. */
const renamed = [
  { name: "sales-report", schedule: "cron(0 3 * * ? *)", state: "ENABLED", command: "node report.js sales" },
];

/** Every second repetition is a minute late: wait for all of them and their effects. */
const late = 3 * 60_000;

/** Each service's deployments since the last push: one forward, and one back on a rollback. */
function deploymentsOf(context: ScenarioContext): Record<string, number> {
  const events = context.since().filter((event): event is DeploymentEvent => event.kind === "deployment");
  return Object.fromEntries(
    servicesOf(context).map(({ name, serviceName }) => {
      const own = events.filter(({ service }) => service === serviceName);
      return [name, new Set(own.map(({ deploymentId }) => deploymentId)).size];
    }),
  );
}

/** After all repetitions, the state is unchanged, with no further migrations or deployments. */
const staysSo = (state: DeliveryState, deployments: Record<string, number>): Step => ({
  title: "after the last repetition, nothing has been done twice",
  async run(context) {
    await context.pass(late);
    await expectState(context, state);
    const exitCodes = migrationsOf(context, await startOf(context)).map(({ exitCode }) => exitCode);
    expectSame("exit codes of the migrations", exitCodes, [0]);
    expectSame("deployments of each service", deploymentsOf(context), deployments);
    const refused = context.account.trail.filter(
      ({ operation, outcome }) => /^PutJob\w+Result$/.test(operation) && outcome === "failed",
    );
    if (refused.length === 0) throw new Error("No function learned that its job is settled: nothing was repeated.");
    return `${refused.length} results refused`;
  },
});

export const repeated: Scenario = {
  name: "repeated",
  title: "every event reaches its function twice, at once or late, and nothing is done twice",
  repeats: true,
  troubled: true,
  steps: [
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    delivers,
    staysSo(at("1.0.0"), { web: 1, worker: 1 }),
    answers("1.0.0"),
    push("version 1.1.0 is pushed, which ends as soon as it starts", (repository) => commitCrash(repository, "1.1.0")),
    fails("the pipeline fails, and both services have again what they ran before", {
      actions: ["Source", "Test", "Build", "Migrate", "Deploy"],
      stage: "Deploy",
      causes: [
        /tasks failed to start/,
        // Two concurrent invocations may both register a revision; one is deployed.
        /Rollback: \S+ is back at dev-storefront-web:\d+; \S+ is back at dev-storefront-worker:\d+/,
      ],
      leaves: at("1.0.0"),
    }),
    staysSo(at("1.0.0"), { web: 2, worker: 2 }),
    push("version 1.2.0 is pushed, with one schedule renamed and the other gone", (repository) =>
      commitSchedules(repository, "1.2.0", renamedSchedules),
    ),
    deliversAs({ schedules: renamed }),
    staysSo(at("1.2.0", renamed), { web: 1, worker: 1 }),
    changesRules(
      { "daily-report": ["targets", "deleted"], "sales-report": ["put", "targets"], stock: ["targets", "deleted"] },
      true,
    ),
    answers("1.2.0"),
  ],
};
