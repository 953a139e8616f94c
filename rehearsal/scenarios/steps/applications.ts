import type { CloudEvent } from "../../cloud/events";
import { expectSame } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { servicesOf, taggedDigest } from "./delivered";
import { readService } from "./state";

type PipelineEvent = Extract<CloudEvent, { kind: "pipeline" }>;

/** The results of an application's ended executions so far, in order. */
function endsOf(context: ScenarioContext, application: string): PipelineEvent["status"][] {
  const pipeline = stackOf(context).outputs.pipelines[application];
  return context.account.events.flatMap((it) =>
    it.kind === "pipeline" && it.pipeline === pipeline && it.status !== "InProgress" ? [it.status] : [],
  );
}

/** Waits until this many executions of an application have ended, and expects success. @throws Mismatch */
export async function expectDeliveries(context: ScenarioContext, application: string, number: number): Promise<void> {
  while (endsOf(context, application).length < number)
    await context.account.until((it): it is PipelineEvent => it.kind === "pipeline" && it.status !== "InProgress");
  expectSame(`executions of ${application}`, endsOf(context, application), Array(number).fill("Succeeded"));
}

/** The single task of each service of an application runs the commit, which the environment tags. @throws Mismatch */
export async function expectRuns(
  context: ScenarioContext,
  application: string,
  commit: string,
  services: string[],
): Promise<void> {
  const { environment } = stackOf(context);
  const image = await taggedDigest(context, commit, application);
  if (image === undefined) throw new Error(`Commit ${commit} of ${application} has no image.`);
  expectSame(`the image that ${application}'s tag is at`, await taggedDigest(context, environment, application), image);
  const states = [];
  for (const service of servicesOf(context, undefined, application))
    states.push({ name: service.name, ...(await readService(context, service)) });
  expectSame(
    `services of ${application}`,
    states,
    services.map((name) => ({ name, image, desired: 1, running: 1, pending: 0, rollouts: ["COMPLETED"] })),
  );
}
