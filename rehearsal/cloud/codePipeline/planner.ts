import type { ActionDeclaration, StageDeclaration } from "./structure";

export type ActionStatus = "InProgress" | "Succeeded" | "Failed" | "Abandoned";

/**
 * Which actions of a stage can start now, or how the stage ended. Actions with the same run order start together, and
 * the next run order waits for all of them. After a failure, the others finish, but no later run order starts.
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

/** Execution ids: the one in the stage, and the one waiting. */
export interface Occupancy {
  inside?: string;
  waiting?: string;
}

/**
 * An execution arrives at a stage. In SUPERSEDED mode a stage holds one execution, and only the newest waiting one
 * continues. Executions cannot overtake each other, so the last to arrive is the newest.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
 */
export function arrive(stage: Occupancy, execution: string): { now: Occupancy; superseded?: string } {
  if (stage.inside === undefined) return { now: { ...stage, inside: execution } };
  return { now: { inside: stage.inside, waiting: execution }, superseded: stage.waiting };
}

/** The execution leaves, and the waiting one enters. */
export function leave(stage: Occupancy): Occupancy {
  return { inside: stage.waiting };
}
