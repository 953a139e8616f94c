import * as pulumi from "@pulumi/pulumi";
import { createMigrate, type MigrateOptions } from "../handlers/migrate";
import { Callback } from "./callback";
import type { Cluster } from "./cluster";
import { reportingToPipeline, tasksOf } from "./delivery";
import type { Network } from "./network";
import type { Operations } from "./operations";
import type { ImageRepository } from "./registry";
import type { MigrateSettings } from "./settings";
import { runningTask, type Task } from "./task";
import { registering, taggingRegistered } from "./template";

export interface MigrationArgs {
  operations: Operations;
  application: string;
  settings: MigrateSettings;
  network: Network;
  cluster: Cluster;
  registry: ImageRepository;
  task: Task;
}

/** The function that runs an application's migration. */
export const createMigrateFunction = (name: string, args: MigrationArgs, opts: pulumi.ComponentResourceOptions) =>
  new Callback<MigrateOptions>(
    name,
    {
      operations: args.operations,
      factory: createMigrate,
      options: {
        application: args.application,
        cluster: args.cluster.clusterName,
        taskDefinition: args.task.template.taskDefinitionArn,
        container: args.task.container,
        command: args.settings.command,
        subnets: args.network.privateSubnetIds,
        securityGroup: args.task.template.securityGroupId,
        logGroup: args.task.template.logGroup.name,
        logStreamPrefix: args.task.streamPrefix,
      },
      statements: [...migrating(args), reportingToPipeline],
      // One look at the task takes seconds; an ECS that throttles is asked again for longer.
      timeoutSeconds: 300,
      memory: 256,
    },
    opts,
  );

const migrating = ({ operations, cluster, registry, task }: MigrationArgs) => [
  { actions: ["ecr:BatchGetImage"], resources: [registry.arn] },
  ...registering([task.template], operations.account),
  taggingRegistered([task.template]),
  runningTask(task, cluster),
  { actions: ["ecs:DescribeTasks"], resources: [tasksOf(cluster, operations)] },
  {
    actions: ["logs:GetLogEvents"],
    resources: [pulumi.interpolate`${task.template.logGroup.arn}:log-stream:${task.streamPrefix}/*`],
  },
];
