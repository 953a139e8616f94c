import { randomUUID } from "node:crypto";
import type { PutApprovalResultInput, PutApprovalResultOutput } from "@aws-sdk/client-codepipeline";
import { arnOf } from "../ecs/taskDefinitionOperations";
import { awsError, type Cloud, type Operation, operation, type Service } from "../service";
import type { ActionResult, ActionRun, ActionType } from "./actionType";
import { approvalNotice } from "./approvalNotice";
import type { StageDeclaration } from "./structure";

const sevenDays = 7 * 24 * 60 * 60_000;

interface Pending {
  action: ActionRun;
  end(outcome: ActionResult | Error): void;
}

/** @throws AwsError PipelineNotFoundException, StageNotFoundException, ActionNotFoundException */
function checkNames(
  stagesOf: (pipeline: string | undefined) => StageDeclaration[],
  { pipelineName, stageName, actionName }: PutApprovalResultInput,
): void {
  const stage = stagesOf(pipelineName).find((it) => it.name === stageName);
  if (stage === undefined)
    throw awsError("StageNotFoundException", `The pipeline ${pipelineName} has no stage ${stageName}.`);
  if (!stage.actions.some((it) => it.name === actionName))
    throw awsError("ActionNotFoundException", `The stage ${stageName} has no action ${actionName}.`);
}

/**
 * Manual approvals: an action that notifies a topic and waits up to seven days for PutApprovalResult.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html
 */
export function createApprovals(
  cloud: Cloud,
  stagesOf: (pipeline: string | undefined) => StageDeclaration[],
): { approval: ActionType; operations: Service["operations"] } {
  const pending = new Map<string, Pending>();
  const decided = new Set<string>();

  function run(action: ActionRun): Promise<ActionResult> {
    const token = randomUUID();
    action.report({ token });
    return new Promise((resolve, reject) => {
      const end = (outcome: ActionResult | Error) => {
        expiry.cancel();
        pending.delete(token);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const late = awsError("JobFailed", "The approval was not given within seven days.");
      const expiry = cloud.clock.after(sevenDays, () => end(late));
      pending.set(token, { action, end });
      notify(action, token).catch(end);
    });
  }

  /** An approval fails if its notice cannot be published: nobody would know about it. */
  async function notify(action: ActionRun, token: string): Promise<void> {
    const { NotificationArn } = action.configuration;
    if (NotificationArn === undefined) return;
    const notice = approvalNotice(action, token, new Date(cloud.clock.now() + sevenDays));
    await cloud.call(action.role, "sns", "Publish", { TopicArn: NotificationArn, ...notice });
  }

  const putApprovalResult: Operation<PutApprovalResultInput, PutApprovalResultOutput> = {
    permissions: ({ pipelineName, stageName, actionName }) => [
      {
        action: "codepipeline:PutApprovalResult",
        resource: cloud.arn("codepipeline", `${pipelineName}/${stageName}/${actionName}`),
      },
    ],
    perform(input, { caller }) {
      const { pipelineName, stageName, actionName, token = "", result } = input;
      checkNames(stagesOf, input);
      if (decided.has(token))
        throw awsError(
          "ApprovalAlreadyCompletedException",
          "The approval action has already been approved or rejected.",
        );
      const found = pending.get(token);
      if (found === undefined)
        throw awsError("InvalidApprovalTokenException", `No approval with the token ${token} is pending.`);
      const { pipeline, stage, action } = found.action;
      if (pipeline !== pipelineName || stage !== stageName || action.name !== actionName)
        throw awsError("InvalidApprovalTokenException", `The token is of ${pipeline}/${stage}/${action.name}.`);
      decided.add(token);
      const { status, summary } = result ?? {};
      found.action.report({ lastUpdatedBy: arnOf(cloud, caller) });
      found.end(status === "Approved" ? { summary } : awsError("JobFailed", `Rejected: ${summary}`));
      return { approvedAt: new Date(cloud.clock.now()) };
    },
  };

  return {
    approval: {
      inputs: [0, 0],
      outputs: [0, 0],
      required: [],
      optional: ["NotificationArn", "CustomData", "ExternalEntityLink"],
      run,
    },
    operations: { PutApprovalResult: operation(putApprovalResult) },
  };
}
