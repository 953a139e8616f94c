import type { PipelineStatus } from "../events";
import type { Credentials } from "../service";
import type { Artifact, Progress, Revision } from "./actionType";
import type { ActionStatus, Occupancy } from "./planner";
import type { ActionDeclaration, StageDeclaration } from "./structure";

/** A declared pipeline and its executions. */
export interface Pipeline {
  name: string;
  arn: string;
  type: "V1" | "V2";
  roleArn: string;
  credentials: Credentials;
  artifactBucket: string;
  stages: StageDeclaration[];
  occupancy: Map<string, Occupancy>;
  /** In start order. */
  executions: Execution[];
}

export interface Execution {
  id: string;
  status: PipelineStatus;
  reason?: string;
  startedAt: number;
  updatedAt: number;
  /** The requested source revisions, by action. */
  overrides: Map<string, string>;
  variables: Map<string, Record<string, string>>;
  artifacts: Map<string, Artifact>;
  revisions: Map<string, Revision>;
  actions: ActionExecution[];
}

export interface ActionExecution {
  id: string;
  stage: string;
  action: ActionDeclaration;
  status: ActionStatus;
  startedAt: number;
  updatedAt: number;
  configuration: Record<string, string>;
  inputs: Artifact[];
  outputs: Artifact[];
  progress: Progress;
  variables?: Record<string, string>;
  error?: { code: string; message: string };
}
