import { type Evidence, executionEnds, type LockSample } from "../evidence";

const RELEASED_WITHIN = 5 * 60_000;

/** A sample has the time of the response: its content may be seconds older. */
const isHeld = ({ at, until }: LockSample): boolean => until > at;

/** The lock while a rollout begins, and once its owner has ended. */
export function lockViolations(evidence: Evidence): string[] {
  const { locks, records } = evidence;
  const ends = new Map<string, number | undefined>([
    ...[...executionEnds(evidence)].map(([id, { at }]): [string, number] => [id, at]),
    ...records.map(({ id, endedAt }): [string, number | undefined] => [id, endedAt]),
  ]);
  const begun = new Set([
    ...evidence.happened.flatMap(({ event }) => (event.kind === "pipeline" ? event.executionId : [])),
    ...records.map(({ id }) => id),
  ]);
  const found = locks.flatMap((sample) => {
    const { name, environment, owner, rollout, at } = sample;
    if (rollout !== undefined && !isHeld(sample))
      return [`a rollout of ${rollout} begins in ${environment}, and the lock is free`];
    if (!isHeld(sample)) return [];
    if (!begun.has(owner))
      return [
        `the ${name} lock of ${environment} names ${owner || "nobody"}, which is neither an execution nor a deployment`,
      ];
    const end = ends.get(owner);
    return end !== undefined && at > end + RELEASED_WITHIN
      ? [`the ${name} lock of ${environment} is held more than 5 minutes after the end of ${owner}`]
      : [];
  });
  return [...new Set(found)];
}
