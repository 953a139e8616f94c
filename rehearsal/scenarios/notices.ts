import type { CloudEvent } from "../cloud/events";
import { subjectOf } from "../report/subject";
import { application } from "./delivered";
import { expectSame } from "./scenario";
import { readable } from "./versions";
import { stackOf, type World } from "./world";

type Notice = Extract<CloudEvent, { kind: "notice" }>;

/** CloudWatch tells of alarms, and CodePipeline of approvals, as each sees fit: what is left are outcomes of deliveries. */
const isOutcome = (notice: Notice): boolean =>
  !/^(ALARM|OK|INSUFFICIENT_DATA): |^APPROVAL NEEDED/.test(subjectOf(notice));

function outcomesOf(world: World, stack?: string): Notice[] {
  const topics = stackOf(world, stack)
    .registrations.filter(({ type }) => type === "aws:sns/topic:Topic")
    .map(({ outputs }) => outputs.name);
  return world
    .since()
    .filter((event): event is Notice => event.kind === "notice")
    .filter((notice) => topics.includes(notice.topic) && isOutcome(notice));
}

/** The topic of a stack has heard of that stack's own application alone, since the last push. @throws Mismatch */
export function expectOwnOutcomes(world: World, stack?: string): void {
  const own = `${application} in ${stackOf(world, stack).environment}: `;
  const subjects = outcomesOf(world, stack).map(subjectOf);
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
export async function outcomesTold(world: World, number: number, stack?: string): Promise<string[]> {
  const told = () => {
    const texts = outcomesOf(world, stack).map((it) => `${subjectOf(it)}\n${it.message}`);
    return world.account.repeatsInvocations ? [...new Set(texts)] : texts;
  };
  while (told().length < number) {
    const next = world.account.until((it): it is Notice => it.kind === "notice");
    // Who waits for ever is told no more than that; who gives up tells what is missing.
    if ((await Promise.race([next, world.clock.wait(PATIENCE)])) === undefined) break;
  }
  return told().map((it) => readable(world, it));
}

/**
 * Waits for what was told since the last push, and expects it to be these outcomes and no others.
 * @param subjects in order, with versions in place of commits
 * @returns the notices, with versions in place of commits
 */
export async function expectTold(world: World, subjects: string[], stack?: string): Promise<string[]> {
  const texts = await outcomesTold(world, subjects.length, stack);
  expectSame(
    "the notices",
    texts.map((it) => it.split("\n", 1)[0]),
    subjects,
  );
  return texts;
}
