import type { LockOptions } from "../shared/deliveryLock";

export interface SchedulesOptions {
  application: string;
  environment: string;
  /** The ECS cluster's ARN. */
  cluster: string;
  /** ARN of the one-off task definition's revision that the program registered: everything but the image is taken from it. */
  taskDefinition: string;
  /** The container in it that runs the application's image. */
  container: string;
  /** Private subnets. */
  subnets: string[];
  securityGroup: string;
  /** The role under which EventBridge runs tasks. */
  roleArn: string;
  /** Where the lock is that the image was deployed under. Absent where CodePipeline's own action deploys. */
  lock?: LockOptions;
}
