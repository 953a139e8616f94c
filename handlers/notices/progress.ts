import type { ActionExecutionDetail } from "@aws-sdk/client-codepipeline";

/** How far an execution came. */
export interface Progress {
  /** The image's tag; absent where the execution ended before there was an image. */
  version?: string | undefined;
  /** What the source action said of its revision; absent where it did not run. */
  revision?: string | undefined;
  /** Stage of the action that began last. */
  stage?: string | undefined;
  failures: ActionFailure[];
}

export interface ActionFailure {
  stage: string;
  action: string;
  /** A person declined, or an error occurred. */
  kind: "rejected" | "failed";
  cause: string;
  /** Where the log is, if CodePipeline knows. */
  link?: string | undefined;
}

/** @param actions the latest first, as ListActionExecutions gives them */
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

/** A stage that was tried again has its actions twice: what came of the first attempt is past. */
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

const NO_CAUSE = "CodePipeline gives no cause";

/** An approval that nobody gave in time fails as well: it has nobody who rejected it. */
function declined(by: string | undefined, summary: string): Pick<ActionFailure, "kind" | "cause"> {
  const isRejected = by !== undefined || /^rejected\b/i.test(summary);
  if (!isRejected) {
    return { kind: "failed", cause: summary || NO_CAUSE };
  }
  const comment = summary.replace(/^rejected\b:?\s*/i, "") || "no reason given";
  return { kind: "rejected", cause: by === undefined ? comment : `${comment} (${by})` };
}
