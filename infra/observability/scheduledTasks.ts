import * as pulumi from "@pulumi/pulumi";
import { createScheduledTasks } from "../../handlers/scheduledTasks";
import { type ScheduledTasksOptions, STARTED_BY_RULE } from "../../handlers/scheduledTasks/options";
import { CHECK_MINUTES } from "../../handlers/scheduledTasks/unstarted";
import { rulePrefix } from "../../handlers/schedules/rule";
import { createRule } from "../lambda/eventRule";
import { Callback } from "../lambda/lambdaFunction";
import type { Operations } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { tasksOf } from "../workload/cluster";

export interface ScheduledTasksArgs {
  operations: Operations;
  cluster: Cluster;
  /** Names of the applications with schedules. */
  applications: string[];
}

/** Sends a notice for each scheduled task that cannot start, or does not exit with 0. */
export class ScheduledTasks extends pulumi.ComponentResource {
  constructor(name: string, args: ScheduledTasksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:ScheduledTasks", name, {}, opts);
    const { operations, cluster, applications } = args;
    const prefixes = applications.map((application) => ({
      application,
      prefix: rulePrefix({ application, environment: operations.environment }),
    }));
    const report = createFunction(`${name}-scheduled-tasks`, args, prefixes, this);
    createRule(
      `${name}-scheduled-tasks-ended`,
      {
        operations,
        function: report,
        on: {
          eventPattern: pulumi.jsonStringify({
            source: ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            detail: {
              clusterArn: [cluster.arn],
              lastStatus: ["STOPPED"],
              startedBy: prefixes.map(({ prefix }) => ({ prefix: `${STARTED_BY_RULE}${prefix}` })),
            },
          }),
        },
      },
      { parent: this },
    );
    createRule(
      `${name}-scheduled-tasks-started`,
      { operations, function: report, on: { scheduleExpression: `rate(${CHECK_MINUTES} minutes)` } },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

const createFunction = (
  name: string,
  { operations, cluster }: ScheduledTasksArgs,
  applications: ScheduledTasksOptions["applications"],
  parent: pulumi.Resource,
) =>
  new Callback<ScheduledTasksOptions>(
    name,
    {
      operations,
      factory: createScheduledTasks,
      options: {
        environment: operations.environment,
        cluster: cluster.arn,
        topicArn: operations.topicArn,
        applications,
      },
      statements: [
        // AWS restricts neither to a resource.
        { actions: ["events:ListRules", "cloudwatch:GetMetricData"], resources: ["*"] },
        { actions: ["ecs:ListTasks"], resources: ["*"], conditions: { ArnEquals: { "ecs:cluster": cluster.arn } } },
        { actions: ["ecs:DescribeTasks"], resources: [tasksOf(cluster, operations)] },
        { actions: ["sns:Publish"], resources: [operations.topicArn] },
      ],
      timeoutSeconds: 60,
      memory: 256,
    },
    { parent },
  );
