import type { GetPipelineExecutionOutput, GetPipelineStateOutput, StageState } from "@aws-sdk/client-codepipeline";
import type { CloudEvent } from "../cloud/events";
import { asOperator } from "./operator";
import { pipelineOf } from "./steps";
import { commitOf, versionsByDigest } from "./versions";
import type { World } from "./world";

const stageName = "Approval";
const actionName = "Approval";

/** An execution that waits for approval. */
export interface WaitingApproval {
  executionId: string;
  version: string;
  /** The answer has to bring it. */
  token: string;
}

type ActionEvent = Extract<CloudEvent, { kind: "action" }>;

/** Waits until an execution of the rehearsed stack's pipeline comes to its approval, if none has since the last push. */
export async function comesToApproval(world: World): Promise<WaitingApproval> {
  const pipeline = pipelineOf(world);
  await world.event(
    (event): event is ActionEvent =>
      event.kind === "action" &&
      event.pipeline === pipeline &&
      event.stage === stageName &&
      event.status === "InProgress",
  );
  return waitingApproval(world);
}

/** Whether the rehearsed stack's pipeline has an approval. */
export const asksForApproval = async (world: World): Promise<boolean> =>
  (await stages(world)).some((it) => it.stageName === stageName);

/** What waits for approval now, as the console shows it. @throws if nothing does */
export async function waitingApproval(world: World): Promise<WaitingApproval> {
  const { latestExecution, actionStates = [] } = await approvalStage(world);
  const action = actionStates.find((it) => it.actionName === actionName)?.latestExecution;
  const executionId = latestExecution?.pipelineExecutionId;
  if (executionId === undefined || action?.status !== "InProgress" || action.token === undefined)
    throw new Error(`${pipelineOf(world)}: nothing waits for approval.`);
  return { executionId, version: await versionOf(world, executionId), token: action.token };
}

/** The version that waits behind the one whose approval is not decided, if one does. */
export async function versionBehind(world: World): Promise<string | undefined> {
  const { inboundExecution } = await approvalStage(world);
  return inboundExecution && versionOf(world, String(inboundExecution.pipelineExecutionId));
}

/** Answers, as somebody does in the console. */
export async function answerApproval(
  world: World,
  { token }: WaitingApproval,
  status: "Approved" | "Rejected",
  summary: string,
): Promise<void> {
  const pipelineName = pipelineOf(world);
  const result = { status, summary };
  await asOperator(world, "codepipeline", "PutApprovalResult", { pipelineName, stageName, actionName, token, result });
}

async function approvalStage(world: World): Promise<StageState> {
  const stage = (await stages(world)).find((it) => it.stageName === stageName);
  if (stage === undefined) throw new Error(`${pipelineOf(world)} has no stage ${stageName}.`);
  return stage;
}

async function stages(world: World): Promise<StageState[]> {
  const name = pipelineOf(world);
  const state = await asOperator<GetPipelineStateOutput>(world, "codepipeline", "GetPipelineState", { name });
  return state.stageStates ?? [];
}

/** The version of the image that an execution has taken at its source; the digest if no pushed version is in it. */
export async function versionOf(world: World, pipelineExecutionId: string): Promise<string> {
  const { pipelineExecution } = await asOperator<GetPipelineExecutionOutput>(
    world,
    "codepipeline",
    "GetPipelineExecution",
    { pipelineName: pipelineOf(world), pipelineExecutionId },
  );
  const digest = String(pipelineExecution?.artifactRevisions?.[0]?.revisionId);
  return (await versionsByDigest(world)).get(digest) ?? digest;
}

type Notice = Extract<CloudEvent, { kind: "notice" }>;

/** What CodePipeline asks reviewers with, and the topic that it was published to. */
export interface ApprovalRequest {
  topic: string;
  subject: string;
  pipeline: string;
  token: string;
  text: string;
}

/** What reviewers were asked about a version so far. */
export const requestsAbout = (world: World, version: string): ApprovalRequest[] =>
  requests(world).filter(({ text }) => text.includes(commitOf(world, version)));

/** What reviewers were asked so far that is answered with a token. */
export const requestsFor = (world: World, token: string): ApprovalRequest[] =>
  requests(world).filter((it) => it.token === token);

/** https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html */
function requests({ account }: World): ApprovalRequest[] {
  return account.events
    .filter((event): event is Notice => event.kind === "notice" && isRequest(event.subject))
    .map(({ topic, subject = "", message }) => {
      const { pipelineName, token, customData } = JSON.parse(message).approval;
      return { topic, subject, pipeline: pipelineName, token, text: customData };
    });
}

const isRequest = (subject = ""): boolean => subject.startsWith("APPROVAL NEEDED: ");
