import type { Statement } from "../foundation/role";

/** Reporting an action's result. AWS knows jobs by their ids alone, and restricts neither call to a resource. */
export const reportingToPipeline: Statement = {
  actions: ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"],
  resources: ["*"],
};

/**
 * CodePipeline fails an action 20 minutes after it has invoked its function: an event that Lambda keeps for longer would begin
 * what nobody waits for.
 */
export const JOB_EVENT_AGE_SECONDS = 15 * 60;
