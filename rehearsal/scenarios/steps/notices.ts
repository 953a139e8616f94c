import type { CloudEvent } from "../../cloud/events";
import { subjectOf } from "../../report/subject";
import { expectSame } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { application } from "./delivered";
import { readable } from "./versions";

type Notice = Extract<CloudEvent, { kind: "notice" }>;

/** CloudWatch tells of alarms, and CodePipeline of approvals, as each sees fit: what is left are outcomes of deliveries. */
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

/** The topic of a stack has heard of that stack's own application alone, since the last push. @throws Mismatch */
export function expectOwnOutcomes(context: ScenarioContext, stack?: string): void {
  const own = `${application} in ${stackOf(context, stack).environment}: `;
  const subjects = outcomesOf(context, stack).map(subjectOf);
  expectSame(
    "notices of other pipelines",
    subjects.filter((it) => !it.startsWith(own)),
    [],
  );
}

/** Of simulated time: within it, whatever is to be told next is told. */
const PATIENCE = 30 * 60_000;

/**
 * Waits until so many outcomes were told since the last push. Where every event of a function comes twice, so may every
 * notice: then each counts once.
 * @returns the notices so far, with versions in place of commits, the subject in the first line of each
 */
export async function outcomesTold(context: ScenarioContext, number: number, stack?: string): Promise<string[]> {
  const told = () => {
    const texts = outcomesOf(context, stack).map((it) => `${subjectOf(it)}\n${it.message}`);
    return context.account.repeatsInvocations ? [...new Set(texts)] : texts;
  };
  while (told().length < number) {
    const next = context.account.until((it): it is Notice => it.kind === "notice");
    // Who waits for ever is told no more than that; who gives up tells what is missing.
    if ((await Promise.race([next, context.clock.wait(PATIENCE)])) === undefined) break;
  }
  return told().map((it) => readable(context, it));
}

/**
 * Waits for what was told since the last push, and expects it to be these outcomes and no others.
 * @param subjects in order, with versions in place of commits
 * @returns the notices, with versions in place of commits
 */
export async function expectTold(context: ScenarioContext, subjects: string[], stack?: string): Promise<string[]> {
  const texts = await outcomesTold(context, subjects.length, stack);
  expectSame(
    "the notices",
    texts.map((it) => it.split("\n", 1)[0]),
    subjects,
  );
  return texts;
}
