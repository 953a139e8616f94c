import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import type { MonitoredService } from "../application";
import type { StackContext } from "../stackContext";

type Name = pulumi.Output<string>;

export interface DashboardArgs {
  stack: StackContext;
  services: MonitoredService[];
  /** The HTTP API. Undefined in a stack without one. */
  apiId?: Name | undefined;
  /** The push queue. Undefined in a stack without one. */
  pushQueueName?: Name | undefined;
}

/** Dashboard of the stack: pushes, deliveries, services, and active alarms. */
export class Dashboard extends pulumi.ComponentResource {
  constructor(name: string, args: DashboardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Dashboard", name, {}, opts);
    const { account, environment, monitored } = args.stack;
    const graphs = [...intake(args), ...functions(args.stack), ...args.services.flatMap(service)];
    const widgets = [...alarmWidgets(monitored.alarmArns), ...graphs.map((graph) => widget(graph, account.region))];
    new cloudwatch.Dashboard(
      name,
      {
        // All regions share one set of dashboards, and an existing dashboard of the same name is replaced.
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
        dashboardName: `${name}-${environment}-${account.region}`,
        dashboardBody: pulumi.jsonStringify({ widgets }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

type Statistic = "Average" | "Maximum" | "Sum" | "p90";

/** A graph's metrics in the dashboard format: namespace, metric, then names and values of dimensions. */
interface Graph {
  title: string;
  statistic: Statistic;
  metrics: pulumi.Input<string>[][];
}

const graph = (title: string, statistic: Statistic, ...metrics: pulumi.Input<string>[][]): Graph => ({
  title,
  statistic,
  metrics,
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
const widget = ({ title, statistic, metrics }: Graph, region: string) => ({
  type: "metric",
  width: 8,
  height: 6,
  properties: { title, region, metrics, stat: statistic, period: 300 },
});

// Maximum of one alarm widget.
const ALARMS = 100;

/** @param arns of the alarms */
export function alarmWidgets<T>(arns: T[]) {
  const widgets = [];
  for (let first = 0; first < arns.length; first += ALARMS)
    widgets.push({
      type: "alarm",
      width: 24,
      height: 3,
      properties: { title: "Alarms", alarms: arns.slice(first, first + ALARMS) },
    });
  return widgets;
}

function intake({ apiId, pushQueueName }: DashboardArgs): Graph[] {
  const graphs: Graph[] = [];
  if (apiId !== undefined)
    graphs.push(
      graph("Requests", "Sum", ...["Count", "4xx", "5xx"].map((metric) => ["AWS/ApiGateway", metric, "ApiId", apiId])),
    );
  if (pushQueueName !== undefined) {
    const queue = (metric: string) => ["AWS/SQS", metric, "QueueName", pushQueueName];
    const counts = ["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"];
    graphs.push(graph("Pushes: waiting, in progress", "Maximum", ...counts.map(queue)));
  }
  return graphs;
}

function functions({ monitored }: StackContext): Graph[] {
  const each = (metric: string) => monitored.functionNames.map((name) => ["AWS/Lambda", metric, "FunctionName", name]);
  return [
    graph("Functions: errors", "Sum", ...each("Errors")),
    graph("Functions: throttles", "Sum", ...each("Throttles")),
    graph("Functions: duration, milliseconds", "Maximum", ...each("Duration")),
  ];
}

function service({ name, clusterName, serviceName, target }: MonitoredService): Graph[] {
  const use = (metric: string) => ["AWS/ECS", metric, "ClusterName", clusterName, "ServiceName", serviceName];
  const graphs = [
    graph(`${name}: CPU and memory, percent`, "Average", use("CPUUtilization"), use("MemoryUtilization")),
  ];
  if (target === undefined) return graphs;
  const of = (metric: string) => [
    "AWS/ApplicationELB",
    metric,
    "TargetGroup",
    target.targetGroup,
    "LoadBalancer",
    target.loadBalancer,
  ];
  return [
    ...graphs,
    graph(`${name}: requests`, "Sum", of("RequestCount"), of("HTTPCode_Target_5XX_Count")),
    graph(`${name}: latency, seconds`, "p90", of("TargetResponseTime")),
    graph(`${name}: targets`, "Maximum", of("HealthyHostCount"), of("UnHealthyHostCount")),
  ];
}
