import type { LockOptions } from "../shared/deliveryLock";

export interface SchedulesOptions {
  application: string;
  environment: string;
  /** The ECS cluster's ARN. */
  cluster: string;
  /** ARN of the program's revision of the one-off task definition. All but the image is copied from it. */
  taskDefinition: string;
  /** The container that runs the application's image. */
  container: string;
  /** Private subnets. */
  subnets: string[];
  securityGroup: string;
  /** The role under which EventBridge runs tasks. */
  roleArn: string;
  /** The lock that the image was deployed under. Absent if CodePipeline's own action deploys. */
  lock?: LockOptions;
}
