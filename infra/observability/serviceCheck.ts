import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import {
  CHECK_MINUTES,
  createServiceCheck,
  MISSING_TASKS,
  type ServiceCheckOptions,
} from "../../handlers/serviceCheck";
import type { MonitoredService } from "../application";
import { createAlarm } from "../foundation/alarm";
import type { Statement } from "../foundation/role";
import { createRule } from "../lambda/eventRule";
import { LambdaFunction } from "../lambda/lambdaFunction";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import { tasksOf } from "../workload/cluster";

export interface ServiceCheckArgs {
  stack: StackContext;
  cluster: Cluster;
  services: MonitoredService[];
}

/** Counts the services' missing tasks every two minutes, with an alarm for each service. */
export class ServiceCheck extends pulumi.ComponentResource {
  /** @returns `undefined` in a stack without services */
  static from(name: string, args: ServiceCheckArgs): ServiceCheck | undefined {
    return args.services.length === 0 ? undefined : new ServiceCheck(name, args);
  }

  constructor(name: string, args: ServiceCheckArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:ServiceCheck", name, {}, opts);
    const check = createFunction(`${name}-service-check`, args, this);
    // No retries: the next check does the same.
    const limits = new lambda.FunctionEventInvokeConfig(
      `${name}-service-check`,
      { functionName: check.functionName, maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      { parent: this },
    );
    createRule(
      `${name}-service-check`,
      { stack: args.stack, function: check, on: { scheduleExpression: `rate(${CHECK_MINUTES} minutes)` } },
      { parent: this, dependsOn: limits },
    );
    for (const service of args.services) createMissingTasksAlarm(service, args, this);
    this.registerOutputs({});
  }
}

function createFunction(name: string, { stack, cluster, services }: ServiceCheckArgs, parent: pulumi.Resource) {
  return new LambdaFunction<ServiceCheckOptions>(
    name,
    {
      stack,
      factory: createServiceCheck,
      options: {
        cluster: cluster.clusterName,
        services: services.map(({ serviceName }) => serviceName),
        countedByProgram: services.filter((it) => it.countedByProgram).map(({ serviceName }) => serviceName),
      },
      statements: [
        { actions: ["ecs:DescribeServices"], resources: services.map(({ arn }) => arn) },
        { actions: ["ecs:ListTasks"], resources: ["*"], conditions: { ArnEquals: { "ecs:cluster": cluster.arn } } },
        { actions: ["ecs:DescribeTasks"], resources: [tasksOf(cluster, stack)] },
        ...(services.some(({ countedByProgram }) => countedByProgram) ? [describingTaskDefinitions] : []),
        {
          // AWS supports no resource for this action.
          actions: ["cloudwatch:PutMetricData"],
          resources: ["*"],
          conditions: { StringEquals: { "cloudwatch:namespace": MISSING_TASKS.namespace } },
        },
      ],
      // Ends before the next check starts.
      timeoutSeconds: 55,
      memory: 256,
      // A single failure is no reason for an alarm: the next check tries again.
      alarmPeriods: 3,
    },
    { parent },
  );
}

// AWS supports no resource for this action.
const describingTaskDefinitions: Statement = { actions: ["ecs:DescribeTaskDefinition"], resources: ["*"] };

/** Minutes for which tasks may be missing, outside a rollout. */
const MINUTES = 10;

function createMissingTasksAlarm(
  { name, clusterName, serviceName }: MonitoredService,
  { stack }: ServiceCheckArgs,
  parent: pulumi.Resource,
): void {
  createAlarm(
    `${name.replace("/", "-")}-missing-tasks`,
    {
      stack,
      description:
        `${name} has had too few running tasks for ${MINUTES} minutes outside a rollout: ` +
        "see the service's events and the tasks' log. INSUFFICIENT_DATA means that its tasks were not counted: " +
        "see the log of slipway-service-check.",
      namespace: MISSING_TASKS.namespace,
      metrics: [MISSING_TASKS.metricName],
      statistic: "Minimum",
      dimensions: { ClusterName: clusterName, ServiceName: serviceName },
      periodSeconds: CHECK_MINUTES * 60,
      periods: MINUTES / CHECK_MINUTES,
      tellsSilence: true,
    },
    { parent },
  );
}
