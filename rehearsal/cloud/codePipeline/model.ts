import type { PipelineStatus } from "../events";
import type { Credentials } from "../service";
import type { Artifact, Progress, Revision } from "./actionType";
import type { ActionStatus, Occupancy } from "./planner";
import type { ActionDeclaration, StageDeclaration } from "./structure";

/** A pipeline as it was declared, and what runs in it. */
export interface Pipeline {
  name: string;
  arn: string;
  type: "V1" | "V2";
  roleArn: string;
  credentials: Credentials;
  artifactBucket: string;
  stages: StageDeclaration[];
  occupancy: Map<string, Occupancy>;
  /** In the order in which they started. */
  executions: Execution[];
}

export interface Execution {
  id: string;
  status: PipelineStatus;
  reason?: string;
  startedAt: number;
  updatedAt: number;
  /** The source revisions that were asked for, by action. */
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
