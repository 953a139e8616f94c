import type { Cloud, Credentials, Principal } from "../service";
import type { ActionDeclaration, ActionLimits } from "./structure";

/** Files that one action passes to another: an object in the artifact bucket. */
export interface Artifact {
  name: string;
  bucket: string;
  key: string;
  /** The source's revision: S3's version id. */
  revision?: string;
}

/** A source revision that StartPipelineExecution requested. */
export interface Revision {
  id: string;
  summary?: string;
}

/** One run of one action. */
export interface ActionRun {
  cloud: Cloud;
  /** The pipeline's role, which the action uses. */
  role: Principal;
  credentials: Credentials;
  pipeline: string;
  executionId: string;
  stage: string;
  action: ActionDeclaration;
  /** The declared configuration with variables resolved. */
  configuration: Record<string, string>;
  inputs: Artifact[];
  outputs: Artifact[];
  override?: string;
  /** Reports progress. */
  report(progress: Progress): void;
}

export interface Progress {
  summary?: string;
  externalExecutionId?: string;
  percentComplete?: number;
  /** The token that PutApprovalResult must pass. */
  token?: string;
  /** ARN of the approver. */
  lastUpdatedBy?: string;
}

/** The result of a successful action. */
export interface ActionResult extends Progress {
  variables?: Record<string, string>;
  /** For a source: the revision of its output artifact. */
  revision?: Revision;
}

/** A kind of action: its limits, and how it runs. If `run` throws, the action fails with that message. */
export interface ActionType extends ActionLimits {
  /** For a source: StartPipelineExecution's name for its revisions. */
  revisionType?: string;
  run(run: ActionRun): Promise<ActionResult>;
}
