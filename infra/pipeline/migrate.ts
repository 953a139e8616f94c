import * as pulumi from "@pulumi/pulumi";
import { createMigrate } from "../../handlers/migrate";
import type { MigrateOptions } from "../../handlers/migrate/options";
import { createRule } from "../lambda/eventRule";
import { LambdaFunction } from "../lambda/lambdaFunction";
import { JOB_EVENT_AGE_SECONDS, reportingToPipeline } from "../lambda/pipelineJob";
import type { Network } from "../network/network";
import type { MigrateSettings } from "../settings";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { tasksOf } from "../workload/cluster";
import { type OneOffTask, runningTask } from "../workload/oneOffTask";
import type { ImageRepository } from "../workload/registry";
import { registering, taggingRegistered } from "../workload/taskDefinition";
import { createRecords, RECORD_SECONDS, type RecordTable, takeRecords } from "./records";

export interface MigrationArgs {
  stack: StackContext;
  application: string;
  settings: MigrateSettings;
  network: Network;
  cluster: Cluster;
  registry: ImageRepository;
  task: OneOffTask;
  table: RecordTable;
}

/** The function that runs an application's migration, invoked by a pipeline action and by messages on its own queue. */
export function createMigrateFunction(
  name: string,
  args: MigrationArgs,
  opts: pulumi.ComponentResourceOptions,
): LambdaFunction<MigrateOptions> {
  const { stack, cluster, task } = args;
  const records = createRecords(`${name}-requests`, args, opts);
  const migrate = new LambdaFunction<MigrateOptions>(
    name,
    {
      stack,
      factory: createMigrate,
      options: {
        application: args.application,
        cluster: cluster.clusterName,
        taskDefinition: task.taskDefinition.taskDefinitionArn,
        container: task.container,
        command: args.settings.command,
        subnets: args.network.privateSubnetIds,
        securityGroup: task.taskDefinition.securityGroupId,
        logGroup: task.taskDefinition.logGroup.name,
        logStreamPrefix: task.streamPrefix,
        records: records.options,
      },
      statements: [...migrating(args), reportingToPipeline, ...records.statements],
      timeoutSeconds: RECORD_SECONDS,
      memory: 256,
      maximumEventAgeSeconds: JOB_EVENT_AGE_SECONDS,
    },
    opts,
  );
  takeRecords(`${name}-requests`, records, migrate, opts);
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
  const eventPattern = pulumi.jsonStringify({
    source: ["aws.ecs"],
    "detail-type": ["ECS Task State Change"],
    detail: { clusterArn: [cluster.arn], group: [`family:${task.taskDefinition.family}`], lastStatus: ["STOPPED"] },
  });
  createRule(`${name}-tasks`, { stack, function: migrate, on: { eventPattern } }, opts);
  return migrate;
}

const migrating = ({ stack, cluster, registry, task }: MigrationArgs) => [
  { actions: ["ecr:BatchGetImage"], resources: [registry.arn] },
  ...registering([task.taskDefinition], stack.account),
  taggingRegistered([task.taskDefinition]),
  runningTask(task, cluster),
  { actions: ["ecs:DescribeTasks"], resources: [tasksOf(cluster, stack)] },
  {
    actions: ["logs:GetLogEvents"],
    resources: [pulumi.interpolate`${task.taskDefinition.logGroup.arn}:log-stream:${task.streamPrefix}/*`],
  },
];
