import type { BuildPhase, BuildPhaseType } from "@aws-sdk/client-codebuild";

/** Why a phase did not succeed. */
export interface PhaseFailure {
  status: "FAILED" | "TIMED_OUT" | "STOPPED";
  code: string;
  message: string;
}

/** The phases of a build so far, as BatchGetBuilds returns them. */
export interface PhaseRecord {
  readonly phases: BuildPhase[];
  readonly current: BuildPhaseType;
  /** The first failure. */
  readonly failure: PhaseFailure | undefined;
  /** Ends the current phase and begins another. */
  enter(type: BuildPhaseType): void;
  /** Ends the current phase as failed. */
  fail(failure: PhaseFailure): void;
}

export function recordPhases(now: () => number): PhaseRecord {
  const phases: BuildPhase[] = [{ phaseType: "SUBMITTED", startTime: new Date(now()) }];
  let failure: PhaseFailure | undefined;

  function end(status: BuildPhase["phaseStatus"], contexts: BuildPhase["contexts"] = []): void {
    const phase = phases.at(-1);
    if (phase === undefined || phase.phaseStatus !== undefined) return;
    const endTime = new Date(now());
    const durationInSeconds = Math.round((endTime.getTime() - Number(phase.startTime)) / 1000);
    Object.assign(phase, { phaseStatus: status, endTime, durationInSeconds, contexts });
  }

  return {
    phases,
    get current() {
      return phases.at(-1)?.phaseType ?? "SUBMITTED";
    },
    get failure() {
      return failure;
    },
    enter(type) {
      end("SUCCEEDED");
      // The last phase is a marker: AWS gives it neither an end nor a status.
      phases.push({ phaseType: type, startTime: new Date(now()) });
    },
    fail(cause) {
      failure ??= cause;
      end(cause.status, [{ statusCode: cause.code, message: cause.message }]);
    },
  };
}
