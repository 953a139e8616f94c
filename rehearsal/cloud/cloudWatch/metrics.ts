import type { CloudEvent } from "../events";
import type { createDimensions, Dimensions } from "./dimensions";
import type { MetricName } from "./published";

/** Where a metric's values come from: PutMetricData, counted events, or a query every minute. */
export type Metric =
  | { published: "by PutMetricData" }
  | { counts: (event: CloudEvent, dimensions: Dimensions) => number | undefined }
  | { asks: (dimensions: Dimensions) => Promise<number | undefined> };

const ofFunction = (event: CloudEvent, { FunctionName }: Dimensions) =>
  event.kind === "function-invoked" && event.function === FunctionName ? event : undefined;

/** Published with every request; 0 for other statuses. @param firstDigit of the statuses to count */
const answered = (firstDigit: number): Metric => ({
  counts: (event, { ApiId }) =>
    event.kind === "api-request" && event.api === ApiId
      ? Number(Math.floor(event.status / 100) === firstDigit)
      : undefined,
});

/** The metrics that alarms can use, by namespace and name. */
export function createMetrics(dimensions: ReturnType<typeof createDimensions>): Record<string, Metric> {
  return {
    "AWS/SQS ApproximateNumberOfMessagesVisible": { asks: dimensions.visibleMessages },
    "AWS/SQS ApproximateNumberOfMessagesNotVisible": { asks: dimensions.messagesInFlight },
    "AWS/ApplicationELB UnHealthyHostCount": { asks: dimensions.unhealthyHosts },
    "AWS/ApplicationELB HTTPCode_ELB_5XX_Count": {
      counts: (event, { LoadBalancer }) =>
        event.kind === "balancer-error" && event.loadBalancer === LoadBalancer ? 1 : undefined,
    },
    // Both are published with every invocation, 0 if none.
    "AWS/Lambda Errors": {
      counts(event, of) {
        const invocation = ofFunction(event, of);
        return invocation === undefined ? undefined : Number(invocation.outcome === "failed");
      },
    },
    // The simulated functions have enough concurrency: invocations above a reservation are queued and retried.
    "AWS/Lambda Throttles": { counts: (event, of) => (ofFunction(event, of) === undefined ? undefined : 0) },
    "AWS/ApiGateway 4xx": answered(4),
    "AWS/ApiGateway 5xx": answered(5),
    "AWS/Events TriggeredRules": {
      counts: (event, { RuleName }) => (event.kind === "rule-triggered" && event.rule === RuleName ? 1 : undefined),
    },
    // Excludes those that succeed on a retry.
    "AWS/Events FailedInvocations": {
      counts: (event, { RuleName }) =>
        event.kind === "rule" && event.rule === RuleName && event.error !== undefined ? 1 : undefined,
    },
  };
}

export const metricOf = ({ namespace, metricName }: MetricName) => `${namespace} ${metricName}`;
