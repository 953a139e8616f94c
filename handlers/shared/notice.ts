import type { ActionFailure, Progress } from "../notices/progress";

/** CodePipeline's final states of an execution, and their wording for people. */
const ENDINGS = {
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  STOPPED: "stopped",
  SUPERSEDED: "superseded by a newer execution",
  CANCELED: "canceled",
} as const;

export interface Outcome {
  application: string;
  environment: string;
  state: keyof typeof ENDINGS;
  /** Id of the pipeline execution. */
  execution: string;
  /** URL of the execution in the console. */
  link: string;
  progress?: Progress | undefined;
  /** Why there is no progress: the actions could not be read. */
  unreadable?: string | undefined;
}

export interface Notice {
  subject: string;
  /** Plain text for a person. */
  message: string;
}

/** Whether the state is final: there are also STARTED, RESUMED and STOPPING. */
export function isOutcome(state: string): state is Outcome["state"] {
  return Object.hasOwn(ENDINGS, state);
}

export function compose(outcome: Outcome): Notice {
  const { application, environment, execution, link, progress } = outcome;
  const headline = `${application} in ${environment}: ${endingOf(outcome)}`;
  const version = progress?.version ?? progress?.revision;
  const lines = [
    headline,
    "",
    version === undefined ? `Execution: ${execution}` : `Version: ${version}`,
    ...(progress?.failures ?? []).flatMap(linesOf),
    ...(outcome.unreadable === undefined
      ? []
      : [
          `The version and the cause are unknown, because the pipeline's actions cannot be read: ${outcome.unreadable}`,
        ]),
    "",
    link,
  ];
  return { subject: subjectOf(headline), message: lines.join("\n") };
}

function endingOf({ state, progress }: Outcome): string {
  const { failures = [], stage, version } = progress ?? {};
  if (state === "FAILED") {
    const stages = [...new Set(failures.map((it) => it.stage))].join(", ");
    if (stages === "") {
      return ENDINGS.FAILED;
    }
    return `${failures.every((it) => it.kind === "rejected") ? "rejected" : "failed"} at ${stages}`;
  }
  if (state === "SUCCEEDED") {
    return version === undefined ? ENDINGS.SUCCEEDED : `${abbreviate(version)} ${ENDINGS.SUCCEEDED}`;
  }
  return stage === undefined ? ENDINGS[state] : `${ENDINGS[state]} at ${stage}`;
}

/** A commit in git's short form; other tags unchanged. */
export function abbreviate(version: string): string {
  return /^[0-9a-f]{40}$/.test(version) ? version.slice(0, 7) : version;
}

function linesOf({ stage, action, kind, cause, link }: ActionFailure): string[] {
  const where = stage === action ? stage : `${stage}, action ${action}`;
  return [`${where} ${kind}: ${cause}`, ...(link === undefined ? [] : [`Details: ${link}`])];
}

/**
 * SNS accepts fewer than 100 ASCII characters, without line breaks and control characters.
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function subjectOf(text: string): string {
  const ascii = text.replaceAll(/[^ -~]/g, "?");
  return ascii.length < 100 ? ascii : `${ascii.slice(0, 96)}...`;
}
