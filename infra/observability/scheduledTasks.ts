import * as pulumi from "@pulumi/pulumi";
import { createScheduledTasks } from "../../handlers/scheduledTasks";
import { type ScheduledTasksOptions, STARTED_BY_RULE } from "../../handlers/scheduledTasks/options";
import { CHECK_MINUTES } from "../../handlers/scheduledTasks/unstarted";
import { rulePrefix } from "../../handlers/schedules/rule";
import { createRule } from "../lambda/eventRule";
import { LambdaFunction } from "../lambda/lambdaFunction";
import type { Settings } from "../settings";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { tasksOf } from "../workload/cluster";

export interface ScheduledTasksArgs {
  stack: StackContext;
  cluster: Cluster;
  /** Names of the applications with schedules. */
  applications: string[];
}

/** Sends a notice for each scheduled task that does not start, or exits with a code other than 0. */
export class ScheduledTasks extends pulumi.ComponentResource {
  /** @returns `undefined` in a stack without schedules */
  static from(
    name: string,
    { settings, ...args }: Omit<ScheduledTasksArgs, "applications"> & { settings: Pick<Settings, "applications"> },
  ): ScheduledTasks | undefined {
    const scheduled = settings.applications.filter(({ schedules }) => schedules !== undefined);
    return scheduled.length === 0
      ? undefined
      : new ScheduledTasks(name, { ...args, applications: scheduled.map((application) => application.name) });
  }

  constructor(name: string, args: ScheduledTasksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:ScheduledTasks", name, {}, opts);
    const { stack, cluster, applications } = args;
    const prefixes = applications.map((application) => ({
      application,
      prefix: rulePrefix({ application, environment: stack.environment }),
    }));
    const report = createFunction(`${name}-scheduled-tasks`, args, prefixes, this);
    createRule(
      `${name}-scheduled-tasks-ended`,
      {
        stack,
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
      { stack, function: report, on: { scheduleExpression: `rate(${CHECK_MINUTES} minutes)` } },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

const createFunction = (
  name: string,
  { stack, cluster }: ScheduledTasksArgs,
  applications: ScheduledTasksOptions["applications"],
  parent: pulumi.Resource,
) =>
  new LambdaFunction<ScheduledTasksOptions>(
    name,
    {
      stack,
      factory: createScheduledTasks,
      options: {
        environment: stack.environment,
        cluster: cluster.arn,
        topicArn: stack.topicArn,
        applications,
      },
      statements: [
        // AWS supports no resource for these actions.
        { actions: ["events:ListRules", "cloudwatch:GetMetricData"], resources: ["*"] },
        { actions: ["ecs:ListTasks"], resources: ["*"], conditions: { ArnEquals: { "ecs:cluster": cluster.arn } } },
        { actions: ["ecs:DescribeTasks"], resources: [tasksOf(cluster, stack)] },
        { actions: ["sns:Publish"], resources: [stack.topicArn] },
      ],
      timeoutSeconds: 60,
      memory: 256,
    },
    { parent },
  );
