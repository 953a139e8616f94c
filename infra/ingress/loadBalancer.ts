import * as ec2 from "@pulumi/aws/ec2";
import * as lb from "@pulumi/aws/lb";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { createAlarm } from "../foundation/alarm";
import type { Network } from "../network/network";
import type { Settings } from "../settings";
import { type WebService, webServices } from "../settings/derived";
import type { StackContext } from "../stackContext";
import { priorities } from "./priorities";

export interface LoadBalancerArgs {
  stack: StackContext;
  network: Network;
  /**
   * `internal`: only private addresses, for callers in the VPC and in connected networks.
   * Default: `internet-facing`.
   */
  scheme?: "internet-facing" | "internal";
  /** ARN of an ACM certificate: enables HTTPS, and redirects HTTP to it. Default: plain HTTP. */
  certificate?: string;
  services: WebService[];
}

/** The stack's application load balancer. Requests that match no service's rule get a 404. */
export class LoadBalancer extends pulumi.ComponentResource {
  readonly dnsName: pulumi.Output<string>;
  readonly protocol: "http" | "https";
  /** The listener to which services add their rules. */
  readonly listenerArn: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** The name in CloudWatch: `app/<name>/<id>`. */
  readonly arnSuffix: pulumi.Output<string>;
  /** Priority of each service's listener rule, by `<application>-<service>`. */
  readonly priorities: Map<string, number>;

  /** @returns `undefined` in a stack without web services */
  static from(
    name: string,
    { settings, ...args }: Pick<LoadBalancerArgs, "stack" | "network"> & { settings: Settings },
  ): LoadBalancer | undefined {
    const services = webServices(settings);
    return services.length === 0 ? undefined : new LoadBalancer(name, { ...args, ...settings.loadBalancer, services });
  }

  constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:LoadBalancer", name, {}, opts);
    this.priorities = priorities(args.services);
    const internal = args.scheme === "internal";
    const ports = args.certificate === undefined ? [80] : [80, 443];
    const securityGroup = createSecurityGroup(name, args.network, ports, this);
    const balancer = new lb.LoadBalancer(
      `${name}-load-balancer`,
      {
        loadBalancerType: "application",
        internal,
        subnets: internal ? args.network.privateSubnetIds : args.network.publicSubnetIds,
        securityGroups: [securityGroup.id],
        dropInvalidHeaderFields: true,
      },
      // A target group belongs to one load balancer, so a new scheme's rules cannot coexist with the old ones.
      { parent: this, deleteBeforeReplace: true },
    );
    const listener =
      args.certificate === undefined
        ? plainListener(name, balancer, this)
        : secureListener(name, balancer, args.certificate, this);
    this.dnsName = balancer.dnsName;
    this.protocol = args.certificate === undefined ? "http" : "https";
    this.listenerArn = listener.arn;
    this.securityGroupId = securityGroup.id;
    this.arnSuffix = balancer.arnSuffix;
    createErrorAlarm(name, args.stack, this);
    this.registerOutputs({ dnsName: this.dnsName, listenerArn: this.listenerArn });
  }
}

/** Alarm on 502, 503 and 504 from the load balancer itself, not from tasks. */
const createErrorAlarm = (name: string, stack: StackContext, balancer: LoadBalancer): void =>
  createAlarm(
    `${name}-load-balancer-errors`,
    {
      stack,
      description:
        "The load balancer itself has answered requests with 5xx for ten minutes: a service has no task that answers. " +
        "This is normal before the first delivery.",
      namespace: "AWS/ApplicationELB",
      metrics: ["HTTPCode_ELB_5XX_Count"],
      statistic: "Sum",
      dimensions: { LoadBalancer: balancer.arnSuffix },
      // A task that closes an idle connection just as a request arrives causes an occasional 502.
      periods: 2,
    },
    { parent: balancer },
  );

/** Opens the listeners' ports to everybody who can reach the load balancer. Targets add the outbound rules. */
function createSecurityGroup(
  name: string,
  network: Network,
  ports: number[],
  parent: pulumi.Resource,
): ec2.SecurityGroup {
  const group = new ec2.SecurityGroup(
    `${name}-load-balancer`,
    { description: "Load balancer: HTTP and HTTPS from anywhere", vpcId: network.vpcId },
    { parent },
  );
  for (const port of ports)
    new vpc.SecurityGroupIngressRule(
      `${name}-load-balancer-${port}`,
      { securityGroupId: group.id, ipProtocol: "tcp", fromPort: port, toPort: port, cidrIpv4: "0.0.0.0/0" },
      { parent },
    );
  return group;
}

const NOT_FOUND = {
  type: "fixed-response",
  fixedResponse: { statusCode: "404", contentType: "text/plain", messageBody: "No service has this address.\n" },
};

const plainListener = (name: string, balancer: lb.LoadBalancer, parent: pulumi.Resource) =>
  new lb.Listener(
    `${name}-http`,
    { loadBalancerArn: balancer.arn, port: 80, protocol: "HTTP", defaultActions: [NOT_FOUND] },
    { parent },
  );

function secureListener(
  name: string,
  balancer: lb.LoadBalancer,
  certificateArn: string,
  parent: pulumi.Resource,
): lb.Listener {
  new lb.Listener(
    `${name}-http`,
    {
      loadBalancerArn: balancer.arn,
      port: 80,
      protocol: "HTTP",
      defaultActions: [{ type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } }],
    },
    { parent },
  );
  return new lb.Listener(
    `${name}-https`,
    {
      loadBalancerArn: balancer.arn,
      port: 443,
      protocol: "HTTPS",
      certificateArn,
      sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
      defaultActions: [NOT_FOUND],
    },
    { parent },
  );
}
