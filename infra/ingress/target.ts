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
  /** Security group of the tasks; the load balancer gets access to it. */
  securityGroupId: pulumi.Input<string>;
  /** Port that the tasks listen on. */
  port: number;
  /** Health check path; must return 200 to 399. */
  healthCheck: string;
  /** Host names of the service; if empty, it receives all other requests. */
  hosts: string[];
  /** Priority of the listener rule: 1 to 50000, unique per listener. */
  priority: number;
}

/** Target group, listener rule and firewall rules between the load balancer and a web service's tasks. */
export class Target extends pulumi.ComponentResource {
  /** Available once a listener rule uses it: ECS rejects a target group without a load balancer. */
  readonly targetGroupArn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  /** Names of target group and load balancer in CloudWatch: `targetgroup/<name>/<id>` and `app/<name>/<id>`. */
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
      // A failing rollout also causes them, but rolls back by itself.
      periods: 2,
    },
    { parent: target },
  );
}

/** Allows traffic only from the load balancer's security group to the tasks'. */
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

// Named after the service only: AWS allows 32 characters, and Pulumi's suffix takes eight.
const createTargetGroup = (name: string, { network, healthCheck }: TargetArgs, parent: pulumi.Resource) =>
  new lb.TargetGroup(
    name,
    {
      vpcId: network.vpcId,
      // Fargate tasks have IP addresses, not instances. ECS registers them with the container's port. The group's port
      // is only a default for targets; changing it would replace the group with an empty one.
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
