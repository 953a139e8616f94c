import type { ActionExecutionDetail } from "@aws-sdk/client-codepipeline";

/** The progress of an execution. */
export interface Progress {
  /** The image's tag; absent if the execution ended before there was an image. */
  version?: string | undefined;
  /** The source action's description of its revision; absent if it did not run. */
  revision?: string | undefined;
  /** Stage of the action that started last. */
  stage?: string | undefined;
  failures: ActionFailure[];
}

export interface ActionFailure {
  stage: string;
  action: string;
  /** A person declined, or an error occurred. */
  kind: "rejected" | "failed";
  cause: string;
  /** The log's URL, if CodePipeline knows it. */
  link?: string | undefined;
}

/** @param actions latest first, as ListActionExecutions returns them */
export function summarise(actions: ActionExecutionDetail[]): Progress {
  const build = actions.find(({ input }) => input?.namespace === "Build");
  const source = actions.find(({ input }) => input?.actionTypeId?.category === "Source");
  const { externalExecutionSummary, externalExecutionId } = source?.output?.executionResult ?? {};
  return {
    version: build?.output?.outputVariables?.IMAGE_TAG,
    revision: externalExecutionSummary || externalExecutionId,
    stage: actions[0]?.stageName,
    failures: actions.filter(isLatestAttempt).filter(hasFailed).reverse().map(failureOf),
  };
}

const hasFailed = ({ status }: ActionExecutionDetail) => status === "Failed";

/** A retried stage lists its actions twice: ignore the earlier attempt. */
function isLatestAttempt(action: ActionExecutionDetail, index: number, actions: ActionExecutionDetail[]): boolean {
  const { stageName, actionName } = action;
  return actions.findIndex((other) => other.stageName === stageName && other.actionName === actionName) === index;
}

function failureOf(action: ActionExecutionDetail): ActionFailure {
  const { stageName = "", actionName = "", input, output } = action;
  const { errorDetails, externalExecutionSummary, externalExecutionUrl } = output?.executionResult ?? {};
  const common = { stage: stageName, action: actionName, link: externalExecutionUrl || undefined };
  if (input?.actionTypeId?.category === "Approval") {
    return { ...common, ...declined(action.updatedBy, externalExecutionSummary || errorDetails?.message || "") };
  }
  return { ...common, kind: "failed", cause: errorDetails?.message || externalExecutionSummary || NO_CAUSE };
}

const NO_CAUSE = "CodePipeline gave no cause";

/** An approval that timed out also fails, but nobody rejected it. */
function declined(by: string | undefined, summary: string): Pick<ActionFailure, "kind" | "cause"> {
  const isRejected = by !== undefined || /^rejected\b/i.test(summary);
  if (!isRejected) {
    return { kind: "failed", cause: summary || NO_CAUSE };
  }
  const comment = summary.replace(/^rejected\b:?\s*/i, "") || "no reason given";
  return { kind: "rejected", cause: by === undefined ? comment : `${comment} (${by})` };
}
