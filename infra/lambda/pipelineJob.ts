import type { Statement } from "../foundation/role";

/** Reporting an action's result. AWS identifies jobs only by id, and supports no resource for these actions. */
export const reportingToPipeline: Statement = {
  actions: ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"],
  resources: ["*"],
};

/**
 * CodePipeline fails an action 20 minutes after it has invoked its function. Later, Lambda would start work whose
 * result nobody uses.
 */
export const JOB_EVENT_AGE_SECONDS = 15 * 60;
