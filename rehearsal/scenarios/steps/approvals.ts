import type { GetPipelineExecutionOutput, GetPipelineStateOutput, StageState } from "@aws-sdk/client-codepipeline";
import type { CloudEvent } from "../../cloud/events";
import type { ScenarioContext } from "../scenarioContext";
import { pipelineOf } from "./deliveries";
import { asOperator } from "./operator";
import { commitOf, versionsByDigest } from "./versions";

const stageName = "Approval";
const actionName = "Approval";

/** An execution that waits for approval. */
export interface WaitingApproval {
  executionId: string;
  version: string;
  /** The response must include it. */
  token: string;
}

type ActionEvent = Extract<CloudEvent, { kind: "action" }>;

/** Waits until an execution of the rehearsed stack's pipeline reaches its approval after the last push. */
export async function comesToApproval(context: ScenarioContext): Promise<WaitingApproval> {
  const pipeline = pipelineOf(context);
  await context.event(
    (event): event is ActionEvent =>
      event.kind === "action" &&
      event.pipeline === pipeline &&
      event.stage === stageName &&
      event.status === "InProgress",
  );
  return waitingApproval(context);
}

/** Whether the rehearsed stack's pipeline has an approval. */
export const asksForApproval = async (context: ScenarioContext): Promise<boolean> =>
  (await stages(context)).some((it) => it.stageName === stageName);

/** The waiting approval, as shown in the console. @throws if there is none */
export async function waitingApproval(context: ScenarioContext): Promise<WaitingApproval> {
  const { latestExecution, actionStates = [] } = await approvalStage(context);
  const action = actionStates.find((it) => it.actionName === actionName)?.latestExecution;
  const executionId = latestExecution?.pipelineExecutionId;
  if (executionId === undefined || action?.status !== "InProgress" || action.token === undefined)
    throw new Error(`${pipelineOf(context)}: nothing waits for approval.`);
  return { executionId, version: await versionOf(context, executionId), token: action.token };
}

/** The version waiting behind the one that needs approval, if any. */
export async function versionBehind(context: ScenarioContext): Promise<string | undefined> {
  const { inboundExecution } = await approvalStage(context);
  return inboundExecution && versionOf(context, String(inboundExecution.pipelineExecutionId));
}

/** Approves or rejects, as a person in the console. */
export async function answerApproval(
  context: ScenarioContext,
  { token }: WaitingApproval,
  status: "Approved" | "Rejected",
  summary: string,
): Promise<void> {
  const pipelineName = pipelineOf(context);
  const result = { status, summary };
  await asOperator(context, "codepipeline", "PutApprovalResult", {
    pipelineName,
    stageName,
    actionName,
    token,
    result,
  });
}

async function approvalStage(context: ScenarioContext): Promise<StageState> {
  const stage = (await stages(context)).find((it) => it.stageName === stageName);
  if (stage === undefined) throw new Error(`${pipelineOf(context)} has no stage ${stageName}.`);
  return stage;
}

async function stages(context: ScenarioContext): Promise<StageState[]> {
  const name = pipelineOf(context);
  const state = await asOperator<GetPipelineStateOutput>(context, "codepipeline", "GetPipelineState", { name });
  return state.stageStates ?? [];
}

/** The version of an execution's source image; the digest if it contains no pushed version. */
export async function versionOf(context: ScenarioContext, pipelineExecutionId: string): Promise<string> {
  const { pipelineExecution } = await asOperator<GetPipelineExecutionOutput>(
    context,
    "codepipeline",
    "GetPipelineExecution",
    { pipelineName: pipelineOf(context), pipelineExecutionId },
  );
  const digest = String(pipelineExecution?.artifactRevisions?.[0]?.revisionId);
  return (await versionsByDigest(context)).get(digest) ?? digest;
}

type Notice = Extract<CloudEvent, { kind: "notice" }>;

/** CodePipeline's request to reviewers, and its topic. */
export interface ApprovalRequest {
  topic: string;
  subject: string;
  pipeline: string;
  token: string;
  text: string;
}

/** All requests to reviewers about a version so far. */
export const requestsAbout = (context: ScenarioContext, version: string): ApprovalRequest[] =>
  requests(context).filter(({ text }) => text.includes(commitOf(context, version)));

/** All requests to reviewers so far with this token. */
export const requestsFor = (context: ScenarioContext, token: string): ApprovalRequest[] =>
  requests(context).filter((it) => it.token === token);

/** https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html */
function requests({ account }: ScenarioContext): ApprovalRequest[] {
  return account.events
    .filter((event): event is Notice => event.kind === "notice" && isRequest(event.subject))
    .map(({ topic, subject = "", message }) => {
      const { pipelineName, token, customData } = JSON.parse(message).approval;
      return { topic, subject, pipeline: pipelineName, token, text: customData };
    });
}

const isRequest = (subject = ""): boolean => subject.startsWith("APPROVAL NEEDED: ");
