import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { JobOutcome } from "../shared/codePipelineJob";
import type { DeploymentTable } from "../shared/lock";
import type { DeployOptions } from "./options";
import type { RolloutEvent } from "./rolloutEvent";
import type { DeploymentState } from "./state";

/** By what a pipeline's deployment takes turns with those by HTTP. */
export interface DeploymentLock {
  table: DeploymentTable;
  /** The id of the pipeline's execution, under which it holds the lock. */
  execution: string;
}

export interface DeploymentContext {
  ecs: ECSClient;
  ecr: ECRClient;
  options: DeployOptions;
  /** Milliseconds. */
  now: () => number;
  /** What ECS has just said of a rollout, which its reads may not show yet. */
  event?: RolloutEvent | undefined;
}

export interface DeploymentRequest {
  /** Who asks: the job's id, or that of a deployment by HTTP. */
  id: string;
  /** By digest. */
  image: string;
  /** What people call the image: its tag. */
  version: string;
  /** Absent where the application's lock is held already, or there is none. */
  lock?: DeploymentLock | undefined;
}

export type Outcome = JobOutcome<DeploymentState>;
