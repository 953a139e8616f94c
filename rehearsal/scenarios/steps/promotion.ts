import type { CloudEvent } from "../../cloud/events";
import { expectEqual, expectMatches, expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import {
  answerApproval,
  comesToApproval,
  requestsAbout,
  requestsFor,
  versionBehind,
  versionOf,
  type WaitingApproval,
  waitingApproval,
} from "./approvals";
import { application, taggedDigest } from "./delivered";
import { type EndedAction, endedActions, endOf, expectDelivered, pipelineOf, startOf } from "./deliveries";
import { expectNotices, expectOwnOutcomes } from "./notices";
import { type DeliveryState, expectState } from "./state";
import { isOneOff } from "./tasks";
import { commitOf } from "./versions";

/** Simulated time in which nothing that needs approval may happen. */
const patience = 60_000;

type RuleEvent = Extract<CloudEvent, { kind: "rule" }>;
type ActionEvent = Extract<CloudEvent, { kind: "action" }>;
type PipelineEvent = Extract<CloudEvent, { kind: "pipeline" }>;

/** The actions of a version that is not approved. */
const beforeApproval: EndedAction[] = [
  ["Source", "Succeeded"],
  ["Image", "Succeeded"],
];

const environmentOf = (context: ScenarioContext): string => stackOf(context).environment;

/** The upstream tag of the last push starts the pipeline once, by EventBridge. The topic gets no upstream notice. */
export const startsOnce: Step = {
  title: "the tag of dev starts the pipeline of prod, once",
  async run(context) {
    const pipeline = pipelineOf(context);
    await context.pass(patience);
    const isCall = (it: CloudEvent): it is RuleEvent => it.kind === "rule" && it.target.endsWith(`:${pipeline}`);
    const calls = context.since().filter(isCall);
    expectSame(
      "what rules did to the pipeline",
      calls.map(({ error }) => error ?? "started"),
      ["started"],
    );
    const isStart = (it: CloudEvent) =>
      it.kind === "pipeline" && it.pipeline === pipeline && it.status === "InProgress";
    expectEqual("executions since the push", context.since().filter(isStart).length, 1);
    expectOwnOutcomes(context);
    return calls[0]?.rule;
  },
};

/**
 * A version reaches its approval: reviewers are asked, and nothing changes.
 * @param meanwhile the state before they answer
 */
export const waits = (version: string, meanwhile: DeliveryState): Step => ({
  title: `version ${version} waits for approval, and changes nothing`,
  async run(context) {
    const waiting = await comesToApproval(context);
    expectEqual("the version that waits for approval", waiting.version, version);
    await context.pass(patience);
    const subject = expectAsked(context, waiting, await taggedDigest(context, commitOf(context, version)));
    await expectUntouched(context, waiting.executionId, meanwhile);
    return subject;
  },
});

/** Reviewers were asked once, on the stack's topic, with all they need to know. @returns the subject */
function expectAsked(context: ScenarioContext, { version, token }: WaitingApproval, digest = "absent"): string {
  const asked = requestsFor(context, token);
  const topics = stackOf(context).registrations.filter(({ type }) => type === "aws:sns/topic:Topic");
  expectSame(
    "the topics that heard of the approval",
    asked.map(({ topic }) => topic),
    topics.map(({ outputs }) => outputs.name),
  );
  const [{ subject, pipeline, text } = { subject: "", pipeline: "", text: "" }] = asked;
  expectEqual("the pipeline of the request", pipeline, pipelineOf(context));
  const details = [application, commitOf(context, version), digest, environmentOf(context)];
  expectMatches("the request", text, ...details.map((it) => new RegExp(`(^|\\W)${it}(\\W|$)`)));
  return subject;
}

async function expectUntouched(context: ScenarioContext, executionId: string, meanwhile: DeliveryState): Promise<void> {
  expectSame("its actions ended", endedActions(context, executionId), beforeApproval);
  await expectState(context, meanwhile);
}

/** Another version arrives behind the one waiting for approval. */
export const waitsBehind = (version: string, first: string, meanwhile: DeliveryState): Step => ({
  title: `version ${version} waits behind ${first}, and changes nothing`,
  async run(context) {
    const executionId = await startOf(context);
    await context.event(
      (it): it is ActionEvent =>
        it.kind === "action" && it.executionId === executionId && it.action === "Image" && it.status === "Succeeded",
    );
    await context.pass(patience);
    expectEqual("the version that waits behind it", await versionBehind(context), version);
    expectEqual("the version that waits for approval", (await waitingApproval(context)).version, first);
    expectSame("requests for its approval", requestsAbout(context, version), []);
    await expectUntouched(context, executionId, meanwhile);
    return undefined;
  },
});

/** The newest version supersedes the one waiting behind the first; that is reported, and it never runs. */
export const supersedes = (version: string, meanwhile: DeliveryState): Step => ({
  title: `version ${version} is superseded`,
  async run(context) {
    const pipeline = pipelineOf(context);
    const { executionId } = await context.event(
      (it): it is PipelineEvent => it.kind === "pipeline" && it.pipeline === pipeline && it.status === "Superseded",
    );
    expectEqual("the version that is superseded", await versionOf(context, executionId), version);
    const expected = `${application} in ${environmentOf(context)}: superseded by a newer execution at Image`;
    const [notice = ""] = await expectNotices(context, [expected]);
    expectMatches("the notice", notice, lineOf(`Version: ${version}`));
    expectSame("requests for its approval", requestsAbout(context, version), []);
    await expectUntouched(context, executionId, meanwhile);
    return expected;
  },
});

/** Someone approves the waiting version, and exactly that is delivered, whatever was tagged meanwhile. */
export const approved = (version: string): Step => ({
  title: `version ${version} is approved, and the pipeline delivers it`,
  async run(context) {
    const { executionId } = await decide(context, version, "Approved", "proven in dev");
    return expectDelivered(context, await endOf(context, executionId), version);
  },
});

/** Someone rejects the waiting version, and the pipeline ends there. */
export const rejected = (version: string, reason: string, meanwhile: DeliveryState): Step => ({
  title: `version ${version} is rejected: ${reason}`,
  async run(context) {
    const { executionId } = await decide(context, version, "Rejected", reason);
    const execution = await endOf(context, executionId);
    expectEqual("the execution ended", execution.status, "Failed");
    expectEqual("the failure", execution.failure, `Rejected: ${reason}`);
    expectSame("its actions ended", execution.actions, [...beforeApproval, ["Approval", "Failed"]]);
    const [notice = ""] = await expectNotices(context, [
      `${application} in ${environmentOf(context)}: rejected at Approval`,
    ]);
    const who = `arn:aws:iam::${context.account.accountId}:user/operator`;
    expectMatches("the notice", notice, lineOf(`Version: ${version}`), lineOf(`Approval rejected: ${reason} (${who})`));
    await context.pass(patience);
    expectSame(
      "migrations",
      context.since().filter((it) => isOneOff(context, it)),
      [],
    );
    await expectState(context, meanwhile);
    return execution.failure;
  },
});

/** Decides on the waiting version and sets the mark: later events are effects of the decision. */
async function decide(
  context: ScenarioContext,
  version: string,
  answer: "Approved" | "Rejected",
  summary: string,
): Promise<WaitingApproval> {
  const waiting = await waitingApproval(context);
  expectEqual("the version that waits for approval", waiting.version, version);
  context.mark = context.account.events.length;
  await answerApproval(context, waiting, answer, summary);
  return waiting;
}

const lineOf = (line: string): RegExp => new RegExp(`^${line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "m");
