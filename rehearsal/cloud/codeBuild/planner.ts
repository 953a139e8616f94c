import { type Buildspec, type PhaseName, phaseNames } from "./buildspec";

export interface PhaseOutcome {
  phase: PhaseName;
  succeeded: boolean;
}

/**
 * The next phase, if any. A failed build still runs post_build. After a failure in another phase the build ends, unless
 * `on-failure` says otherwise. The build has failed in any case.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
 */
export function nextPhase({ phases }: Pick<Buildspec, "phases">, done: PhaseOutcome[]): PhaseName | undefined {
  const last = done.at(-1);
  if (last === undefined) return phaseNames[0];
  const onFailure = phases[last.phase].onFailure ?? (last.phase === "build" ? "CONTINUE" : "ABORT");
  const goesOn = last.succeeded || onFailure === "CONTINUE";
  return goesOn ? phaseNames[phaseNames.indexOf(last.phase) + 1] : undefined;
}
