import { randomUUID } from "node:crypto";
import type { PutApprovalResultInput, PutApprovalResultOutput } from "@aws-sdk/client-codepipeline";
import { awsError, type Cloud, type Operation, operation, type Service } from "../service";
import type { ActionResult, ActionRun, ActionType } from "./actionType";
import { atMost } from "./limits";

const sevenDays = 7 * 24 * 60 * 60_000;

interface Pending {
  pipeline: string;
  stage: string;
  action: string;
  decide(status: string | undefined, summary: string | undefined): void;
}

/**
 * Manual approvals: an action that waits for PutApprovalResult, at most seven days.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals.html
 */
export function createApprovals(cloud: Cloud): { approval: ActionType; operations: Service["operations"] } {
  const pending = new Map<string, Pending>();

  function run({ pipeline, stage, action, report }: ActionRun): Promise<ActionResult> {
    const token = randomUUID();
    report({ token });
    return new Promise((resolve, reject) => {
      const end = (outcome: ActionResult | Error) => {
        expiry.cancel();
        pending.delete(token);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const late = awsError("JobFailed", "The approval was not given within seven days.");
      const expiry = cloud.clock.after(sevenDays, () => end(late));
      const decide: Pending["decide"] = (status, summary) =>
        end(status === "Approved" ? { summary } : awsError("JobFailed", `Rejected: ${summary}`));
      pending.set(token, { pipeline, stage, action: action.name, decide });
    });
  }

  const putApprovalResult: Operation<PutApprovalResultInput, PutApprovalResultOutput> = {
    permissions: ({ pipelineName, stageName, actionName }) => [
      {
        action: "codepipeline:PutApprovalResult",
        resource: cloud.arn("codepipeline", `${pipelineName}/${stageName}/${actionName}`),
      },
    ],
    perform({ pipelineName, stageName, actionName, token, result }) {
      const found = pending.get(token ?? "");
      if (found === undefined)
        throw awsError("InvalidApprovalTokenException", `No approval with the token ${token} is pending.`);
      if (found.pipeline !== pipelineName || found.stage !== stageName || found.action !== actionName)
        throw awsError(
          "InvalidApprovalTokenException",
          `The token is of ${found.pipeline}/${found.stage}/${found.action}.`,
        );
      atMost("result.summary", result?.summary, 512);
      found.decide(result?.status, result?.summary);
      return { approvedAt: new Date(cloud.clock.now()) };
    },
  };

  return {
    approval: { inputs: [0, 0], outputs: [0, 0], required: [], optional: ["CustomData", "ExternalEntityLink"], run },
    operations: { PutApprovalResult: operation(putApprovalResult) },
  };
}
