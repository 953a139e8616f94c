import type { ActionDeclaration, StageDeclaration } from "./structure";

export type ActionStatus = "InProgress" | "Succeeded" | "Failed" | "Abandoned";

/**
 * Which actions of a stage can start now, or how the stage ended. Actions of one run order start together, and the next
 * run order waits for all of them; one that fails lets its companions finish, and none after them begins.
 */
export function nextStep(
  stage: StageDeclaration,
  statuses: ReadonlyMap<string, ActionStatus>,
): ActionDeclaration[] | "Succeeded" | "Failed" {
  const ended = stage.actions.map((it) => statuses.get(it.name));
  if (ended.includes("InProgress")) return [];
  if (ended.includes("Failed") || ended.includes("Abandoned")) return "Failed";
  const open = stage.actions.filter((it) => !statuses.has(it.name));
  const next = Math.min(...open.map((it) => it.runOrder));
  return open.length === 0 ? "Succeeded" : open.filter((it) => it.runOrder === next);
}

/** Who is in a stage, and who waits to enter it: execution ids. */
export interface Occupancy {
  inside?: string;
  waiting?: string;
}

/**
 * An execution arrives at a stage. In the execution mode SUPERSEDED a stage holds one execution, and of those that wait
 * only the newest goes on; executions cannot overtake each other, so the last to arrive is the newest.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
 */
export function arrive(stage: Occupancy, execution: string): { now: Occupancy; superseded?: string } {
  if (stage.inside === undefined) return { now: { ...stage, inside: execution } };
  return { now: { inside: stage.inside, waiting: execution }, superseded: stage.waiting };
}

/** The execution inside leaves, and the one that waits enters. */
export function leave(stage: Occupancy): Occupancy {
  return { inside: stage.waiting };
}
