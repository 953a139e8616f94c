import type { ImageTag } from "../shared/imageTag";
import type { RecordOptions } from "../shared/records/context";

/** An ECS service that the application's image is deployed to. */
export interface DeployService {
  /** The ECS service's name. */
  service: string;
  /** The container in the task definition that runs the application's image. */
  container: string;
  /** ARN of the program's revision. All but the image is copied from it. */
  taskDefinition: string;
  /** Tasks to run. Each delivery sets it, except for a service that was scaled to 0 by hand since the first one. */
  count: number;
}

export interface DeployOptions {
  application: string;
  /** The ECS cluster's name. */
  cluster: string;
  services: DeployService[];
  /** Time limit for a rollout, and again for its rollback. */
  deadlineMinutes: number;
  /** Where deployments are recorded. */
  records: RecordOptions;
  /** Absent if the application cannot be deployed by HTTP. */
  requests?: DeployRequests;
}

/** Settings of deployments by HTTP. On success, the image gets the environment's tag, as in a pipeline. */
export interface DeployRequests extends ImageTag {
  /** The DynamoDB table where delivered images are recorded. */
  deliveredImages: string;
  /** Where outcomes are published. */
  topicArn: string;
}
