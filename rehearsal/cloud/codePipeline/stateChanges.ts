import type { PipelineStatus } from "../events";
import type { Cloud } from "../service";
import { sendServiceEvent } from "../serviceEvent";
import type { ActionExecution, Execution, Pipeline } from "./model";
import type { ActionStatus } from "./planner";

const pipelineStates: Record<PipelineStatus, string> = {
  InProgress: "STARTED",
  Succeeded: "SUCCEEDED",
  Failed: "FAILED",
  Superseded: "SUPERSEDED",
  Stopped: "STOPPED",
};

const actionStates: Record<ActionStatus, string> = {
  InProgress: "STARTED",
  Succeeded: "SUCCEEDED",
  Failed: "FAILED",
  Abandoned: "ABANDONED",
};

/**
 * Reports state changes of executions, stages and actions, to observers and as events on EventBridge's default bus.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
 */
export function createStateChanges(cloud: Cloud) {
  function send(
    level: "Pipeline" | "Stage" | "Action",
    pipeline: Pipeline,
    execution: Execution,
    detail: object,
  ): void {
    sendServiceEvent(cloud, {
      source: "aws.codepipeline",
      detailType: `CodePipeline ${level} Execution State Change`,
      resources: [pipeline.arn],
      detail: {
        pipeline: pipeline.name,
        "execution-id": execution.id,
        "start-time": new Date(execution.startedAt).toISOString(),
        ...detail,
        version: 1,
        "pipeline-execution-attempt": 1,
      },
    });
  }

  /** Reports an action's progress without a change of state. */
  function progress({ name }: Pipeline, { id }: Execution, { stage, action, status, error, ...it }: ActionExecution) {
    const summary = error?.message ?? it.progress.summary;
    cloud.tell({ kind: "action", pipeline: name, executionId: id, stage, action: action.name, status, summary });
  }

  return {
    progress,
    pipeline(pipeline: Pipeline, execution: Execution): void {
      const { id, status, reason } = execution;
      cloud.tell({ kind: "pipeline", pipeline: pipeline.name, executionId: id, status, reason });
      send("Pipeline", pipeline, execution, { state: pipelineStates[status] });
    },
    stage(pipeline: Pipeline, execution: Execution, stage: string, state: "STARTED" | "SUCCEEDED" | "FAILED"): void {
      send("Stage", pipeline, execution, { stage, state });
    },
    action(pipeline: Pipeline, execution: Execution, record: ActionExecution): void {
      progress(pipeline, execution, record);
      const { owner, provider, category, version } = record.action;
      send("Action", pipeline, execution, {
        stage: record.stage,
        ...resultOf(record),
        "action-execution-id": record.id,
        action: record.action.name,
        state: actionStates[record.status],
        region: cloud.region,
        type: { owner, provider, category, version },
      });
    },
  };
}

function resultOf({ error, progress }: ActionExecution): object {
  if (error === undefined) return {};
  return {
    "execution-result": {
      "external-execution-summary": error.message,
      "external-execution-id": progress.externalExecutionId,
      "error-code": error.code,
    },
  };
}
