import type { RecordOptions } from "../shared/records/context";

export interface MigrateOptions {
  application: string;
  /** The ECS cluster's name. */
  cluster: string;
  /** ARN of the one-off task definition's revision that the program registered: everything but the image is taken from it. */
  taskDefinition: string;
  /** The container in it that runs the application's image. */
  container: string;
  /** What the container runs instead of the image's own command. */
  command: string[];
  /** Private subnets. */
  subnets: string[];
  securityGroup: string;
  /** Where the container's log goes: `<logStreamPrefix>/<container>/<task id>` in this log group. */
  logGroup: string;
  logStreamPrefix: string;
  /** Where migrations are recorded. */
  records: RecordOptions;
}
