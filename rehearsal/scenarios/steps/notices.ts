import type { CloudEvent } from "../../cloud/events";
import { subjectOf } from "../../report/subject";
import { expectSame } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { application } from "./delivered";
import { readable } from "./versions";

type Notice = Extract<CloudEvent, { kind: "notice" }>;

/** CloudWatch's alarms and CodePipeline's approvals have their own messages; the rest are delivery outcomes. */
const isOutcome = (notice: Notice): boolean =>
  !/^(ALARM|OK|INSUFFICIENT_DATA): |^APPROVAL NEEDED/.test(subjectOf(notice));

function outcomesOf(context: ScenarioContext, stack?: string): Notice[] {
  const topics = stackOf(context, stack)
    .registrations.filter(({ type }) => type === "aws:sns/topic:Topic")
    .map(({ outputs }) => outputs.name);
  return context
    .since()
    .filter((event): event is Notice => event.kind === "notice")
    .filter((notice) => topics.includes(notice.topic) && isOutcome(notice));
}

/** Since the last push, a stack's topic received only notices about its own application. @throws Mismatch */
export function expectOwnOutcomes(context: ScenarioContext, stack?: string): void {
  const own = `${application} in ${stackOf(context, stack).environment}: `;
  const subjects = outcomesOf(context, stack).map(subjectOf);
  expectSame(
    "notices of other pipelines",
    subjects.filter((it) => !it.startsWith(own)),
    [],
  );
}

/** Simulated time: the next notice is sent within this. */
const PATIENCE = 30 * 60_000;

/**
 * Waits until this many outcomes were reported since the last push. If every function event is delivered twice, notices
 * may repeat: each counts once.
 * @returns the notices so far, with versions in place of commits, the subject in the first line of each
 */
export async function outcomeNotices(context: ScenarioContext, number: number, stack?: string): Promise<string[]> {
  const outcomes = () => {
    const texts = outcomesOf(context, stack).map((it) => `${subjectOf(it)}\n${it.message}`);
    return context.account.repeatsInvocations ? [...new Set(texts)] : texts;
  };
  while (outcomes().length < number) {
    const next = context.account.until((it): it is Notice => it.kind === "notice");
    // Waiting forever would explain nothing; giving up shows what is missing.
    if ((await Promise.race([next, context.clock.wait(PATIENCE)])) === undefined) break;
  }
  return outcomes().map((it) => readable(context, it));
}

/**
 * Waits for the outcomes reported since the last push, and expects exactly these.
 * @param subjects in order, with versions in place of commits
 * @returns the notices, with versions in place of commits
 */
export async function expectNotices(context: ScenarioContext, subjects: string[], stack?: string): Promise<string[]> {
  const texts = await outcomeNotices(context, subjects.length, stack);
  expectSame(
    "the notices",
    texts.map((it) => it.split("\n", 1)[0]),
    subjects,
  );
  return texts;
}
