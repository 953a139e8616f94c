import * as lb from "@pulumi/aws/lb";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { createAlarm } from "../foundation/alarm";
import type { Network } from "../network/network";
import type { StackContext } from "../stackContext";
import type { LoadBalancer } from "./loadBalancer";

export interface TargetArgs {
  stack: StackContext;
  network: Network;
  loadBalancer: LoadBalancer;
  /** Security group of the tasks; it is opened to the load balancer. */
  securityGroupId: pulumi.Input<string>;
  /** Port that the tasks listen on. */
  port: number;
  /** Path that must answer 200 to 399. */
  healthCheck: string;
  /** Host names that lead here; every request when there are none. */
  hosts: string[];
  /** Priority of the listener rule: 1 to 50000, each once in a listener. */
  priority: number;
}

/** The way from the load balancer to the tasks of a web service. */
export class Target extends pulumi.ComponentResource {
  /** Known once the listener routes to it: ECS refuses a target group that no load balancer uses. */
  readonly targetGroupArn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  /** What CloudWatch calls target group and load balancer by: `targetgroup/<name>/<id>` and `app/<name>/<id>`. */
  readonly dimensions: { targetGroup: pulumi.Output<string>; loadBalancer: pulumi.Output<string> };

  constructor(name: string, args: TargetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Target", name, {}, opts);
    const { loadBalancer, hosts } = args;
    openPort(name, args, this);
    const targetGroup = createTargetGroup(name, args, this);
    const rule = createListenerRule(name, targetGroup, args, this);
    this.targetGroupArn = pulumi.all([targetGroup.arn, rule.id]).apply(([arn]) => arn);
    this.dimensions = { targetGroup: targetGroup.arnSuffix, loadBalancer: loadBalancer.arnSuffix };
    createTargetAlarm(name, args.stack, this);
    this.url = pulumi.interpolate`${loadBalancer.protocol}://${hosts[0] ?? loadBalancer.dnsName}`;
    this.registerOutputs({ targetGroupArn: this.targetGroupArn, url: this.url });
  }
}

function createTargetAlarm(name: string, stack: StackContext, target: Target): void {
  createAlarm(
    `${name}-unhealthy`,
    {
      stack,
      description: `Tasks of ${name} fail the load balancer's health check: see the service's events and the tasks' log.`,
      namespace: "AWS/ApplicationELB",
      metrics: ["UnHealthyHostCount"],
      statistic: "Maximum",
      dimensions: { TargetGroup: target.dimensions.targetGroup, LoadBalancer: target.dimensions.loadBalancer },
      // A rollout that fails has them too, and takes them away again.
      periods: 2,
    },
    { parent: target },
  );
}

/** From the load balancer's security group to the tasks', and nowhere else. */
function openPort(name: string, args: TargetArgs, parent: pulumi.Resource): void {
  const { loadBalancer, securityGroupId, port } = args;
  const tcp = { ipProtocol: "tcp", fromPort: port, toPort: port };
  new vpc.SecurityGroupEgressRule(
    `${name}-from-load-balancer`,
    { ...tcp, securityGroupId: loadBalancer.securityGroupId, referencedSecurityGroupId: securityGroupId },
    { parent },
  );
  new vpc.SecurityGroupIngressRule(
    `${name}-from-load-balancer`,
    { ...tcp, securityGroupId, referencedSecurityGroupId: loadBalancer.securityGroupId },
    { parent },
  );
}

// Named after the service alone: of the 32 characters that AWS allows, Pulumi's suffix takes eight.
const createTargetGroup = (name: string, { network, healthCheck }: TargetArgs, parent: pulumi.Resource) =>
  new lb.TargetGroup(
    name,
    {
      vpcId: network.vpcId,
      // Fargate tasks have an address each, and no instance. ECS registers them with the container's port; this one is for
      // targets without, and a change of it would replace the group by an empty one.
      targetType: "ip",
      protocol: "HTTP",
      port: 80,
      deregistrationDelay: 30,
      healthCheck: {
        path: healthCheck,
        matcher: "200-399",
        interval: 10,
        timeout: 5,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
    },
    { parent },
  );

const createListenerRule = (
  name: string,
  targetGroup: lb.TargetGroup,
  { loadBalancer, hosts, priority }: TargetArgs,
  parent: pulumi.Resource,
) =>
  new lb.ListenerRule(
    `${name}-rule`,
    {
      listenerArn: loadBalancer.listenerArn,
      priority,
      conditions: [hosts.length > 0 ? { hostHeader: { values: hosts } } : { pathPattern: { values: ["/*"] } }],
      actions: [{ type: "forward", targetGroupArn: targetGroup.arn }],
    },
    { parent },
  );
