/** A metric as alarms and dashboards name it. */
export interface MetricName {
  /** `AWS/Lambda` */
  namespace: string;
  metricName: string;
  dimensions: Record<string, string>;
}

/** The metrics and dimensions that AWS services publish, limited to resources that slipway's stacks have. */
const PUBLISHED: { namespace: string; dimensions: string[]; names: string[] }[] = [
  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  {
    namespace: "AWS/Lambda",
    dimensions: ["FunctionName"],
    names: ["Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "AsyncEventsDropped"],
  },
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
  {
    namespace: "AWS/SQS",
    dimensions: ["QueueName"],
    names: [
      "ApproximateNumberOfMessagesVisible",
      "ApproximateNumberOfMessagesNotVisible",
      "ApproximateAgeOfOldestMessage",
      "NumberOfMessagesSent",
      "NumberOfMessagesReceived",
      "NumberOfMessagesDeleted",
    ],
  },
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
  {
    namespace: "AWS/ApiGateway",
    dimensions: ["ApiId"],
    names: ["Count", "4xx", "5xx", "Latency", "IntegrationLatency", "DataProcessed"],
  },
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
  {
    namespace: "AWS/ApplicationELB",
    dimensions: ["LoadBalancer"],
    names: [
      "RequestCount",
      "TargetResponseTime",
      "HTTPCode_Target_2XX_Count",
      "HTTPCode_Target_4XX_Count",
      "HTTPCode_Target_5XX_Count",
      "HTTPCode_ELB_4XX_Count",
      "HTTPCode_ELB_5XX_Count",
    ],
  },
  {
    namespace: "AWS/ApplicationELB",
    dimensions: ["LoadBalancer", "TargetGroup"],
    names: [
      "HealthyHostCount",
      "UnHealthyHostCount",
      "RequestCount",
      "TargetResponseTime",
      "HTTPCode_Target_2XX_Count",
      "HTTPCode_Target_4XX_Count",
      "HTTPCode_Target_5XX_Count",
    ],
  },
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
  {
    namespace: "AWS/ECS",
    dimensions: ["ClusterName", "ServiceName"],
    names: ["CPUUtilization", "MemoryUtilization"],
  },
  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
  {
    namespace: "AWS/Events",
    dimensions: ["RuleName"],
    names: ["TriggeredRules", "Invocations", "FailedInvocations", "MatchedEvents"],
  },
  // https://docs.aws.amazon.com/codebuild/latest/userguide/monitoring-metrics.html
  {
    namespace: "AWS/CodeBuild",
    dimensions: ["ProjectName"],
    names: ["Builds", "SucceededBuilds", "FailedBuilds", "Duration"],
  },
];

/** @throws if AWS publishes no such metric with these dimensions: it would never have a value */
export function checkPublished({ namespace, metricName, dimensions }: MetricName): void {
  // Custom metrics cannot be known in advance.
  if (isCustom(namespace)) return;
  const entries = PUBLISHED.filter((it) => it.namespace === namespace && it.names.includes(metricName));
  if (entries.length === 0)
    throw new Error(
      `${namespace} ${metricName} is no metric that is known: see rehearsal/cloud/cloudWatch/published.ts.`,
    );
  const given = Object.keys(dimensions).sort().join(", ");
  if (!entries.some((it) => it.dimensions.join(", ") === given))
    throw new Error(
      `${namespace} ${metricName} has no value under ${given || "no dimension"}: ` +
        `it is published under ${entries.map((it) => it.dimensions.join(", ")).join("; or ")}.`,
    );
}

/** AWS reserves this prefix for its services; all other namespaces are custom. */
export const isCustom = (namespace: string): boolean => !namespace.startsWith("AWS/");
