import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { JobOutcome } from "../shared/codePipelineJob";
import type { DeploymentTable } from "../shared/lock";
import type { DeployOptions } from "./options";
import type { RolloutEvent } from "./rolloutEvent";
import type { DeploymentState } from "./state";

/** The lock that serialises the pipeline's deployments with those by HTTP. */
export interface DeploymentLock {
  table: DeploymentTable;
  /** The pipeline execution's id, which holds the lock. */
  execution: string;
}

export interface DeploymentContext {
  ecs: ECSClient;
  ecr: ECRClient;
  options: DeployOptions;
  /** Milliseconds. */
  now: () => number;
  /** An event that ECS has just sent about a rollout; its reads may be older. */
  event?: RolloutEvent | undefined;
}

export interface DeploymentRequest {
  /** The requester: the job's id, or the id of a deployment by HTTP. */
  id: string;
  /** By digest. */
  image: string;
  /** The image's tag, which people call its version. */
  version: string;
  /** Absent if the application's lock is already held, or there is none. */
  lock?: DeploymentLock | undefined;
}

export type Outcome = JobOutcome<DeploymentState>;
