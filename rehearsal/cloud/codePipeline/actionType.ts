import type { Cloud, Credentials, Principal } from "../service";
import type { ActionDeclaration, ActionLimits } from "./structure";

/** A bundle of files that one action puts out for another: an object in the artifact bucket. */
export interface Artifact {
  name: string;
  bucket: string;
  key: string;
  /** What the source says of its revision: S3's version id. */
  revision?: string;
}

/** A source revision that StartPipelineExecution asked for. */
export interface Revision {
  id: string;
  summary?: string;
}

/** One run of one action. */
export interface ActionRun {
  cloud: Cloud;
  /** The pipeline's role, under which the action calls. */
  role: Principal;
  credentials: Credentials;
  pipeline: string;
  executionId: string;
  stage: string;
  action: ActionDeclaration;
  /** The declared configuration with its variables resolved. */
  configuration: Record<string, string>;
  inputs: Artifact[];
  outputs: Artifact[];
  override?: string;
  /** Says how far it is, for whoever watches. */
  report(progress: Progress): void;
}

export interface Progress {
  summary?: string;
  externalExecutionId?: string;
  percentComplete?: number;
  /** What PutApprovalResult must bring. */
  token?: string;
  /** ARN of who answered an approval. */
  lastUpdatedBy?: string;
}

/** What an action that succeeded leaves. */
export interface ActionResult extends Progress {
  variables?: Record<string, string>;
  /** Of a source: the revision of its output artifact. */
  revision?: Revision;
}

/** A kind of action: what it takes, and what running it does. A run that throws has failed with that message. */
export interface ActionType extends ActionLimits {
  /** Of a source: what StartPipelineExecution calls its revisions. */
  revisionType?: string;
  run(run: ActionRun): Promise<ActionResult>;
}
