import type { ImageTag } from "../shared/imageTag";
import type { RecordOptions } from "../shared/records/context";

/** An ECS service that the application's image is deployed to. */
export interface DeployService {
  /** The ECS service's name. */
  service: string;
  /** The container in the task definition that runs the application's image. */
  container: string;
  /** ARN of the revision that the program registered: everything but the image is taken from it. */
  taskDefinition: string;
  /** Tasks to run. Each delivery sets it, but for a service that was scaled to 0 by hand since the first one. */
  count: number;
}

export interface DeployOptions {
  application: string;
  /** The ECS cluster's name. */
  cluster: string;
  services: DeployService[];
  /** How long a rollout may take, and after it a rollback. */
  deadlineMinutes: number;
  /** Where deployments are recorded. */
  records: RecordOptions;
  /** Absent if the application cannot be deployed by HTTP. */
  requests?: DeployRequests;
}

/** What deployments by HTTP need. A successful one gives its image the environment's tag, as the pipeline's last stage does. */
export interface DeployRequests extends ImageTag {
  /** The DynamoDB table where delivered images are recorded. */
  deliveredImages: string;
  /** Where outcomes are published. */
  topicArn: string;
}
