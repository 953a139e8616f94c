import type { DescribeServicesRequest, DescribeServicesResponse } from "@aws-sdk/client-ecs";
import type { DescribeRuleRequest } from "@aws-sdk/client-eventbridge";
import type { InvocationRequest } from "@aws-sdk/client-lambda";
import type { GetQueueAttributesRequest, GetQueueAttributesResult, QueueAttributeName } from "@aws-sdk/client-sqs";
import type { DescribeTargetGroupsOutput, DescribeTargetHealthOutput } from "../loadBalancer";
import type { Cloud, Principal } from "../service";
import { queueUrl } from "../sqs/queueUrl";

export type Dimensions = Record<string, string>;

/** What CloudWatch asks services about the resources in dimensions. */
export function createDimensions(cloud: Cloud) {
  const caller: Principal = { kind: "aws", service: "cloudwatch.amazonaws.com" };
  const ask = <I extends object, O>(service: string, operation: string, input: I) =>
    cloud.call<I, O>(caller, service, operation, input);
  const targetGroupArn = ({ TargetGroup = "" }: Dimensions) => cloud.arn("elasticloadbalancing", TargetGroup);

  async function messages({ QueueName = "" }: Dimensions, attribute: QueueAttributeName): Promise<number> {
    const { Attributes } = await ask<GetQueueAttributesRequest, GetQueueAttributesResult>("sqs", "GetQueueAttributes", {
      QueueUrl: queueUrl(cloud, QueueName),
      AttributeNames: [attribute],
    });
    return Number(Attributes?.[attribute]);
  }
  const visibleMessages = (of: Dimensions) => messages(of, "ApproximateNumberOfMessages");
  const messagesInFlight = (of: Dimensions) => messages(of, "ApproximateNumberOfMessagesNotVisible");

  /** Undefined while the group has no targets: the load balancer then publishes nothing. */
  async function unhealthyHosts(dimensions: Dimensions): Promise<number | undefined> {
    const TargetGroupArn = targetGroupArn(dimensions);
    const { TargetHealthDescriptions: hosts } = await ask<object, DescribeTargetHealthOutput>(
      "elasticloadbalancing",
      "DescribeTargetHealth",
      { TargetGroupArn },
    );
    return hosts.length === 0 ? undefined : hosts.filter((it) => it.TargetHealth.State === "unhealthy").length;
  }

  async function checkTargetGroup(dimensions: Dimensions): Promise<void> {
    const { LoadBalancer = "", TargetGroup } = dimensions;
    const TargetGroupArns = [targetGroupArn(dimensions)];
    const { TargetGroups } = await ask<object, DescribeTargetGroupsOutput>(
      "elasticloadbalancing",
      "DescribeTargetGroups",
      { TargetGroupArns },
    );
    const arn = cloud.arn("elasticloadbalancing", `loadbalancer/${LoadBalancer}`);
    if (!TargetGroups.some((it) => it.LoadBalancerArns.includes(arn)))
      throw new Error(`The load balancer ${LoadBalancer} sends nothing to ${TargetGroup}`);
  }

  async function checkService({ ClusterName: cluster, ServiceName = "" }: Dimensions): Promise<void> {
    const { services } = await ask<DescribeServicesRequest, DescribeServicesResponse>("ecs", "DescribeServices", {
      cluster,
      services: [ServiceName],
    });
    if (services?.length !== 1) throw new Error(`Service not found: ${ServiceName} in ${cluster}`);
  }

  const checks: Record<string, (dimensions: Dimensions) => Promise<unknown>> = {
    QueueName: visibleMessages,
    // A dry run fails if the function does not exist, and runs nothing.
    FunctionName: ({ FunctionName }) =>
      ask<InvocationRequest, object>("lambda", "Invoke", { FunctionName, InvocationType: "DryRun" }),
    RuleName: ({ RuleName: Name }) => ask<DescribeRuleRequest, object>("events", "DescribeRule", { Name }),
    "ClusterName, ServiceName": checkService,
    "LoadBalancer, TargetGroup": checkTargetGroup,
  };

  return {
    visibleMessages,
    messagesInFlight,
    unhealthyHosts,
    /** @throws if a dimension names something that the account does not have; some cannot be checked */
    async check(dimensions: Dimensions): Promise<void> {
      const empty = Object.keys(dimensions).find((name) => !dimensions[name]);
      if (empty !== undefined) throw new Error(`${empty} is empty`);
      await checks[Object.keys(dimensions).sort().join(", ")]?.(dimensions);
    },
  };
}
