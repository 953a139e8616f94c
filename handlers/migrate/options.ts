import type { RecordOptions } from "../shared/records/context";

export interface MigrateOptions {
  application: string;
  /** The ECS cluster's name. */
  cluster: string;
  /** ARN of the program's revision of the one-off task definition. All but the image is copied from it. */
  taskDefinition: string;
  /** The container that runs the application's image. */
  container: string;
  /** The command that replaces the image's own. */
  command: string[];
  /** Private subnets. */
  subnets: string[];
  securityGroup: string;
  /** The container's log stream is `<logStreamPrefix>/<container>/<task id>` in this log group. */
  logGroup: string;
  logStreamPrefix: string;
  /** Where migrations are recorded. */
  records: RecordOptions;
}
