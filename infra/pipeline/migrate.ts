import * as pulumi from "@pulumi/pulumi";
import { createMigrate } from "../../handlers/migrate";
import type { MigrateOptions } from "../../handlers/migrate/options";
import { createRule } from "../lambda/eventRule";
import { Callback } from "../lambda/lambdaFunction";
import { JOB_EVENT_AGE_SECONDS, reportingToPipeline } from "../lambda/pipelineJob";
import type { Network } from "../network/network";
import type { MigrateSettings } from "../settings";
import type { Operations } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { tasksOf } from "../workload/cluster";
import { runningTask, type Task } from "../workload/oneOffTask";
import type { ImageRepository } from "../workload/registry";
import { registering, taggingRegistered } from "../workload/taskDefinition";
import { createRecords, RECORD_SECONDS, type RecordTable, takeRecords } from "./records";

export interface MigrationArgs {
  operations: Operations;
  application: string;
  settings: MigrateSettings;
  network: Network;
  cluster: Cluster;
  registry: ImageRepository;
  task: Task;
  table: RecordTable;
}

/** The function that runs an application's migration, for an action of the pipeline and for the messages on a queue of its own. */
export function createMigrateFunction(
  name: string,
  args: MigrationArgs,
  opts: pulumi.ComponentResourceOptions,
): Callback<MigrateOptions> {
  const { operations, cluster, task } = args;
  const records = createRecords(`${name}-requests`, args, opts);
  const migrate = new Callback<MigrateOptions>(
    name,
    {
      operations,
      factory: createMigrate,
      options: {
        application: args.application,
        cluster: cluster.clusterName,
        taskDefinition: task.template.taskDefinitionArn,
        container: task.container,
        command: args.settings.command,
        subnets: args.network.privateSubnetIds,
        securityGroup: task.template.securityGroupId,
        logGroup: task.template.logGroup.name,
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
    detail: { clusterArn: [cluster.arn], group: [`family:${task.template.family}`], lastStatus: ["STOPPED"] },
  });
  createRule(`${name}-tasks`, { operations, function: migrate, on: { eventPattern } }, opts);
  return migrate;
}

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
