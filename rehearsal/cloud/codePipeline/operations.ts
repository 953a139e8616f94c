import type {
  ActionExecutionDetail,
  ArtifactDetail,
  GetPipelineExecutionInput,
  GetPipelineExecutionOutput,
  GetPipelineStateInput,
  GetPipelineStateOutput,
  ListActionExecutionsInput,
  ListActionExecutionsOutput,
  ListPipelineExecutionsInput,
  ListPipelineExecutionsOutput,
  PipelineExecutionSummary,
  StageState,
  StartPipelineExecutionInput,
  StartPipelineExecutionOutput,
} from "@aws-sdk/client-codepipeline";
import { awsError, type Cloud, type Operation, operation, type Permission, type Service } from "../service";
import type { ActionType, Artifact } from "./actionType";
import type { ActionExecution, Execution, Pipeline } from "./model";
import { pageOf } from "./pages";
import { actionTypeOf } from "./structure";

/** @throws AwsError PipelineNotFoundException */
export function pipelineNamed(pipelines: ReadonlyMap<string, Pipeline>, name: string | undefined): Pipeline {
  const pipeline = pipelines.get(name ?? "");
  if (pipeline === undefined) throw awsError("PipelineNotFoundException", `The pipeline ${name} does not exist.`);
  return pipeline;
}

/** Operations that start pipelines and report on their executions. */
export function createOperations(
  cloud: Cloud,
  pipelines: Map<string, Pipeline>,
  types: Record<string, ActionType>,
  start: (pipeline: Pipeline, overrides: Map<string, string>) => Execution,
): Service["operations"] {
  /** Executions by pipeline and client request token. */
  const started = new Map<string, Execution>();

  const pipelineOf = (name: string | undefined) => pipelineNamed(pipelines, name);

  // The ARN is known even if the pipeline does not exist: AWS authorises before it looks.
  const onPipeline = (action: string, name: string | undefined): Permission[] => [
    { action: `codepipeline:${action}`, resource: cloud.arn("codepipeline", String(name)) },
  ];

  const startPipelineExecution: Operation<StartPipelineExecutionInput, StartPipelineExecutionOutput> = {
    permissions: ({ name }) => onPipeline("StartPipelineExecution", name),
    perform({ name, clientRequestToken, sourceRevisions, variables }) {
      const pipeline = pipelineOf(name);
      if (variables !== undefined) throw awsError("NotSimulated", "Pipeline variables are not simulated.", 501);
      const overrides = readOverrides(pipeline, types, sourceRevisions);
      const token = clientRequestToken === undefined ? undefined : `${pipeline.name}/${clientRequestToken}`;
      const execution = (token === undefined ? undefined : started.get(token)) ?? start(pipeline, overrides);
      if (token !== undefined) started.set(token, execution);
      return { pipelineExecutionId: execution.id };
    },
  };

  const getPipelineExecution: Operation<GetPipelineExecutionInput, GetPipelineExecutionOutput> = {
    permissions: ({ pipelineName }) => onPipeline("GetPipelineExecution", pipelineName),
    perform({ pipelineName, pipelineExecutionId }) {
      const { name, executions } = pipelineOf(pipelineName);
      const execution = executions.find((it) => it.id === pipelineExecutionId);
      if (execution === undefined)
        throw awsError("PipelineExecutionNotFoundException", `${name} has no execution ${pipelineExecutionId}.`);
      return {
        pipelineExecution: {
          pipelineName: name,
          pipelineVersion: 1,
          pipelineExecutionId: execution.id,
          status: execution.status,
          statusSummary: execution.reason,
          executionMode: "SUPERSEDED",
          artifactRevisions: [...execution.revisions].map(([artifact, { id, summary }]) => ({
            name: artifact,
            revisionId: id,
            revisionSummary: summary,
          })),
        },
      };
    },
  };

  const listPipelineExecutions: Operation<ListPipelineExecutionsInput, ListPipelineExecutionsOutput> = {
    permissions: ({ pipelineName }) => onPipeline("ListPipelineExecutions", pipelineName),
    perform({ pipelineName, filter, ...paging }) {
      if (filter !== undefined)
        throw awsError("NotSimulated", "codepipeline:ListPipelineExecutions: the filter is not simulated.", 501);
      const { page, nextToken } = pageOf(pipelineOf(pipelineName).executions.toReversed(), (it) => it.id, paging);
      return { pipelineExecutionSummaries: page.map(executionSummary), nextToken };
    },
  };

  const listActionExecutions: Operation<ListActionExecutionsInput, ListActionExecutionsOutput> = {
    permissions: ({ pipelineName }) => onPipeline("ListActionExecutions", pipelineName),
    perform({ pipelineName, filter = {}, ...paging }) {
      const { pipelineExecutionId, ...others } = filter;
      if (Object.values(others).some((it) => it !== undefined))
        throw awsError(
          "NotSimulated",
          `codepipeline:ListActionExecutions: of filter, ${Object.keys(others).join(", ")} is not simulated.`,
          501,
        );
      const executions = pipelineOf(pipelineName).executions.filter(
        (it) => pipelineExecutionId === undefined || pipelineExecutionId === it.id,
      );
      const newest = executions.flatMap((execution) => execution.actions.map((action) => ({ execution, action })));
      const { page, nextToken } = pageOf(newest.reverse(), (it) => it.action.id, paging);
      return { actionExecutionDetails: page.map((it) => actionDetail(it.execution, it.action)), nextToken };
    },
  };

  const getPipelineState: Operation<GetPipelineStateInput, GetPipelineStateOutput> = {
    permissions: ({ name }) => onPipeline("GetPipelineState", name),
    perform({ name }) {
      const pipeline = pipelineOf(name);
      return { pipelineName: name, pipelineVersion: 1, stageStates: stageStates(pipeline) };
    },
  };

  return {
    StartPipelineExecution: operation(startPipelineExecution),
    GetPipelineExecution: operation(getPipelineExecution),
    ListPipelineExecutions: operation(listPipelineExecutions),
    ListActionExecutions: operation(listActionExecutions),
    GetPipelineState: operation(getPipelineState),
  };
}

/** @throws AwsError ValidationException for a V1 pipeline, which accepts no overrides, and for a non-source action */
function readOverrides(
  { type, stages }: Pipeline,
  types: Record<string, ActionType>,
  revisions: StartPipelineExecutionInput["sourceRevisions"] = [],
): Map<string, string> {
  const fault = (message: string) => awsError("ValidationException", message);
  if (type === "V1" && revisions.length > 0)
    throw fault("Source revision overrides are only supported for pipelines of type V2.");
  return new Map(
    revisions.map(({ actionName = "", revisionType, revisionValue = "" }) => {
      const source = stages[0]?.actions.find((it) => it.name === actionName);
      if (source === undefined)
        throw fault(`The source revision names ${actionName}, which is no source action of the pipeline.`);
      const known = types[actionTypeOf(source)]?.revisionType;
      if (revisionType !== known)
        throw fault(`The revision type of ${actionName} is ${revisionType}; its source takes ${known}.`);
      return [actionName, revisionValue];
    }),
  );
}

function executionSummary(it: Execution): PipelineExecutionSummary {
  return {
    pipelineExecutionId: it.id,
    status: it.status,
    statusSummary: it.reason,
    startTime: new Date(it.startedAt),
    lastUpdateTime: new Date(it.updatedAt),
    executionMode: "SUPERSEDED",
  };
}

function actionDetail(execution: Execution, it: ActionExecution): ActionExecutionDetail {
  const { category, owner, provider, version } = it.action;
  return {
    pipelineExecutionId: execution.id,
    actionExecutionId: it.id,
    pipelineVersion: 1,
    stageName: it.stage,
    actionName: it.action.name,
    startTime: new Date(it.startedAt),
    lastUpdateTime: new Date(it.updatedAt),
    status: it.status,
    updatedBy: it.progress.lastUpdatedBy,
    input: {
      actionTypeId: { category, owner, provider, version } as NonNullable<
        ActionExecutionDetail["input"]
      >["actionTypeId"],
      configuration: it.action.configuration,
      resolvedConfiguration: it.configuration,
      inputArtifacts: it.inputs.map(artifactDetail),
      namespace: it.action.namespace,
    },
    output: {
      outputArtifacts: it.status === "Succeeded" ? it.outputs.map(artifactDetail) : [],
      outputVariables: it.variables ?? {},
      executionResult: {
        externalExecutionId: it.progress.externalExecutionId,
        externalExecutionSummary: it.progress.summary,
        errorDetails: it.error,
      },
    },
  };
}

function artifactDetail({ name, bucket, key }: Artifact): ArtifactDetail {
  return { name, s3location: { bucket, key } };
}

function stageStates({ stages, occupancy, executions }: Pipeline): StageState[] {
  return stages.map((stage): StageState => {
    const { inside, waiting } = occupancy.get(stage.name) ?? {};
    const latest = executions.findLast((it) => it.actions.some((action) => action.stage === stage.name));
    const done = latest?.actions.filter((it) => it.stage === stage.name) ?? [];
    const ended = done.some((it) => it.status === "Failed") ? "Failed" : "Succeeded";
    return {
      stageName: stage.name,
      inboundExecution: waiting === undefined ? undefined : { pipelineExecutionId: waiting, status: "InProgress" },
      latestExecution:
        latest === undefined
          ? undefined
          : {
              pipelineExecutionId: latest.id,
              status: latest.id === inside ? "InProgress" : ended,
            },
      actionStates: stage.actions.map(({ name }) => actionState(name, done)),
    };
  });
}

function actionState(actionName: string, done: ActionExecution[]) {
  const found = done.find((it) => it.action.name === actionName);
  if (found === undefined) return { actionName };
  const { id, status, updatedAt, progress, error } = found;
  const lastStatusChange = new Date(updatedAt);
  return {
    actionName,
    latestExecution: { actionExecutionId: id, status, lastStatusChange, ...progress, errorDetails: error },
  };
}
