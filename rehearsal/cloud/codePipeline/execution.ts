import { randomUUID } from "node:crypto";
import type { PipelineStatus } from "../events";
import type { Cloud } from "../service";
import type { ActionResult, ActionRun, ActionType, Artifact } from "./actionType";
import { atMost } from "./limits";
import type { ActionExecution, Execution, Pipeline } from "./model";
import { arrive, leave, nextStep } from "./planner";
import { createStateChanges } from "./stateChanges";
import { type ActionDeclaration, actionTypeOf, type StageDeclaration } from "./structure";
import { resolve } from "./variables";

/** Runs executions through the stages of their pipelines. */
export function createRunner(cloud: Cloud, types: Record<string, ActionType>) {
  const tell = createStateChanges(cloud);
  /** Callbacks of waiting executions, by id: true lets one enter its stage, false means superseded. */
  const gates = new Map<string, (enters: boolean) => void>();

  function start(pipeline: Pipeline, overrides: Map<string, string>): Execution {
    const now = cloud.clock.now();
    const execution: Execution = {
      id: randomUUID(),
      status: "InProgress",
      startedAt: now,
      updatedAt: now,
      overrides,
      variables: new Map(),
      artifacts: new Map(),
      revisions: new Map(),
      actions: [],
    };
    execution.variables.set("codepipeline", { PipelineExecutionId: execution.id });
    pipeline.executions.push(execution);
    tell.pipeline(pipeline, execution);
    void run(pipeline, execution);
    return execution;
  }

  async function run(pipeline: Pipeline, execution: Execution): Promise<void> {
    for (const stage of pipeline.stages) {
      if (!(await enter(pipeline, stage.name, execution.id)))
        return finish(pipeline, execution, "Superseded", `A newer execution waits for stage ${stage.name}.`);
      tell.stage(pipeline, execution, stage.name, "STARTED");
      const status = await runStage(pipeline, execution, stage);
      tell.stage(pipeline, execution, stage.name, status === "Failed" ? "FAILED" : "SUCCEEDED");
      open(pipeline, stage.name);
      if (status === "Failed") return finish(pipeline, execution, "Failed", failureOf(execution, stage.name));
    }
    finish(pipeline, execution, "Succeeded");
  }

  /** Resolves to true once the execution has entered the stage, and to false if a newer one superseded it. */
  function enter(pipeline: Pipeline, stage: string, execution: string): Promise<boolean> {
    const { now, superseded } = arrive(pipeline.occupancy.get(stage) ?? {}, execution);
    pipeline.occupancy.set(stage, now);
    if (superseded !== undefined) knock(superseded, false);
    if (now.inside === execution) return Promise.resolve(true);
    return new Promise((resolve) => gates.set(execution, resolve));
  }

  function open(pipeline: Pipeline, stage: string): void {
    const now = leave(pipeline.occupancy.get(stage) ?? {});
    pipeline.occupancy.set(stage, now);
    if (now.inside !== undefined) knock(now.inside, true);
  }

  function knock(execution: string, enters: boolean): void {
    gates.get(execution)?.(enters);
    gates.delete(execution);
  }

  async function runStage(
    pipeline: Pipeline,
    execution: Execution,
    stage: StageDeclaration,
  ): Promise<"Succeeded" | "Failed"> {
    for (;;) {
      const done = execution.actions.filter((it) => it.stage === stage.name);
      const step = nextStep(stage, new Map(done.map((it) => [it.action.name, it.status])));
      if (!Array.isArray(step)) return step;
      await Promise.all(step.map((action) => runAction(pipeline, execution, stage.name, action)));
    }
  }

  async function runAction(pipeline: Pipeline, execution: Execution, stage: string, action: ActionDeclaration) {
    const now = cloud.clock.now();
    const record: ActionExecution = {
      id: randomUUID(),
      stage,
      action,
      status: "InProgress",
      startedAt: now,
      updatedAt: now,
      configuration: action.configuration,
      inputs: action.inputArtifacts.flatMap((name) => execution.artifacts.get(name) ?? []),
      outputs: action.outputArtifacts.map((name) => newArtifact(pipeline, name)),
      progress: {},
    };
    execution.actions.push(record);
    tell.action(pipeline, execution, record);
    try {
      record.configuration = resolve(action.configuration, execution.variables);
      // https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: 100 KB of resolved configuration.
      atMost("The resolved configuration", Object.values(record.configuration).join(""), 100 * 1024);
      const result = await types[actionTypeOf(action)]?.run(context(pipeline, execution, record));
      succeed(execution, record, result ?? {});
    } catch (error) {
      record.status = "Failed";
      const { name, message } = error as Error;
      record.error = { code: name, message };
      record.progress.summary = message;
    }
    record.updatedAt = cloud.clock.now();
    tell.action(pipeline, execution, record);
  }

  function context(pipeline: Pipeline, execution: Execution, record: ActionExecution): ActionRun {
    return {
      cloud,
      role: { kind: "role", arn: pipeline.roleArn },
      credentials: pipeline.credentials,
      pipeline: pipeline.name,
      executionId: execution.id,
      stage: record.stage,
      action: record.action,
      configuration: record.configuration,
      inputs: record.inputs,
      outputs: record.outputs,
      override: execution.overrides.get(record.action.name),
      report(progress) {
        // An action that has ended keeps its result; later results are ignored.
        if (record.status !== "InProgress") return;
        Object.assign(record.progress, progress);
        if (progress.summary !== undefined) tell.progress(pipeline, execution, record);
      },
    };
  }

  function newArtifact(pipeline: Pipeline, name: string): Artifact {
    const key = `${pipeline.name.slice(0, 20)}/${name.slice(0, 10)}/${cloud.id(7)}`;
    return { name, bucket: pipeline.artifactBucket, key };
  }

  function finish(pipeline: Pipeline, execution: Execution, status: PipelineStatus, reason?: string): void {
    Object.assign(execution, { status, reason, updatedAt: cloud.clock.now() });
    tell.pipeline(pipeline, execution);
  }

  return { start };
}

function succeed(
  execution: Execution,
  record: ActionExecution,
  { variables, revision, ...progress }: ActionResult,
): void {
  Object.assign(record.progress, progress);
  record.status = "Succeeded";
  record.variables = variables;
  if (record.action.namespace !== undefined) execution.variables.set(record.action.namespace, variables ?? {});
  for (const artifact of record.outputs) {
    execution.artifacts.set(artifact.name, { ...artifact, revision: revision?.id });
    if (revision !== undefined) execution.revisions.set(artifact.name, revision);
  }
}

function failureOf(execution: Execution, stage: string): string {
  const failed = execution.actions.filter((it) => it.stage === stage && it.error !== undefined);
  return failed.map((it) => `${stage}/${it.action.name}: ${it.error?.message}`).join(" ");
}
