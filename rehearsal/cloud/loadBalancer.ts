import type { ListenerArgs } from "@pulumi/aws/lb/listener";
import type { ListenerRuleArgs } from "@pulumi/aws/lb/listenerRule";
import type { LoadBalancerArgs } from "@pulumi/aws/lb/loadBalancer";
import type { TargetGroupArgs } from "@pulumi/aws/lb/targetGroup";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { type Listener, openListener } from "./loadBalancer/listener";
import { type Action, actionOf, conditionOf, namesHost } from "./loadBalancer/routing";
import {
  createTargetGroup,
  type TargetDescription,
  type TargetGroup,
  type TargetHealth,
} from "./loadBalancer/targetGroup";
import { type NetworkInterface, networkOf } from "./network";
import { createQueryProtocol } from "./queryProtocol";
import { awsError, type Cloud, type Created, type Declaration, operation, type Service } from "./service";

interface LoadBalancer {
  arn: string;
  /** `app/<name>/<id>` */
  arnSuffix: string;
  dnsName: string;
  internal: boolean;
  interfaces: NetworkInterface[];
}

interface DeclaredListener {
  listener: Listener;
  protocol: string;
  port: number;
  loadBalancer: LoadBalancer;
}

export interface DescribeTargetGroupsOutput {
  TargetGroups: { TargetGroupArn: string; TargetGroupName: string; TargetType: string; LoadBalancerArns: string[] }[];
}

export interface DescribeTargetHealthOutput {
  TargetHealthDescriptions: { Target: TargetDescription; TargetHealth: TargetHealth }[];
}

/** The longest name of a load balancer or target group; Pulumi refuses to make a longer one. */
const NAME_LIMIT = 32;

/** Elastic Load Balancing: application load balancers, with rules, target groups and health checks. */
export function createLoadBalancer(cloud: Cloud): Service {
  const network = networkOf(cloud);
  const loadBalancers = new Map<string, LoadBalancer>();
  const listeners = new Map<string, DeclaredListener>();
  const targetGroups = new Map<string, TargetGroup>();

  function nameOf(declaration: Declaration, given: string | undefined): string {
    const name = cloud.physicalName(declaration, given);
    if (name.length > NAME_LIMIT)
      throw awsError(
        "ValidationError",
        `${declaration.type} ${declaration.name}: the name '${name}' cannot be longer than '${NAME_LIMIT}' characters`,
      );
    return name;
  }

  function groupOf(arn: string): TargetGroup {
    const group = targetGroups.get(arn);
    if (group === undefined) throw awsError("TargetGroupNotFound", `Target groups '${arn}' not found`);
    return group;
  }

  function createBalancer(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<LoadBalancerArgs>>(declaration, [
      "name",
      "loadBalancerType",
      "internal",
      "subnets",
      "securityGroups",
      "tags",
      "region",
      // Idle connections, HTTP/2 and odd headers are none of a rehearsal's traffic.
      "idleTimeout",
      "enableHttp2",
      "dropInvalidHeaderFields",
      "desyncMitigationMode",
      "enableDeletionProtection",
    ]);
    if ((args.loadBalancerType ?? "application") !== "application")
      throw new Error(
        `aws.lb.LoadBalancer ${declaration.name}: type ${args.loadBalancerType} is not simulated: only application is.`,
      );
    const subnets = args.subnets ?? [];
    if (subnets.length < 2)
      throw awsError("ValidationError", "At least two subnets in two different Availability Zones must be specified");
    const name = nameOf(declaration, args.name);
    const arnSuffix = `app/${name}/${cloud.id(16)}`;
    const arn = cloud.arn("elasticloadbalancing", `loadbalancer/${arnSuffix}`);
    const dnsName = `${args.internal ? "internal-" : ""}${name}-${cloud.id(9)}.${cloud.region}.elb.${cloud.dnsSuffix}`;
    const interfaces = subnets.map((subnetId) =>
      network.attach({ subnetId, securityGroups: args.securityGroups ?? [], assignPublicIp: !args.internal }),
    );
    loadBalancers.set(arn, { arn, arnSuffix, dnsName, internal: args.internal ?? false, interfaces });
    return { id: arn, outputs: { arn, arnSuffix, name, dnsName, zoneId: `Z${cloud.id(13).toUpperCase()}` } };
  }

  function createGroup(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<TargetGroupArgs>>(declaration, [
      "name",
      "port",
      "protocol",
      "targetType",
      "vpcId",
      "healthCheck",
      "deregistrationDelay",
      "tags",
      "region",
    ]);
    const { protocol = "HTTP" } = args;
    if (protocol !== "HTTP")
      throw new Error(`aws.lb.TargetGroup ${declaration.name}: protocol ${protocol} is not simulated: only HTTP is.`);
    const name = nameOf(declaration, args.name);
    const arnSuffix = `targetgroup/${name}/${cloud.id(16)}`;
    const arn = cloud.arn("elasticloadbalancing", arnSuffix);
    const check = args.healthCheck;
    const targetType = args.targetType ?? "instance";
    // The provider's own defaults, which are not all AWS's: https://www.pulumi.com/registry/packages/aws/api-docs/lb/targetgroup
    const healthCheck = {
      path: check?.path ?? "/",
      matcher: check?.matcher ?? "200",
      interval: (check?.interval ?? 30) * 1000,
      timeout: (check?.timeout ?? 5) * 1000,
      healthyThreshold: check?.healthyThreshold ?? 3,
      unhealthyThreshold: check?.unhealthyThreshold ?? 3,
    };
    const deregistrationDelay = (args.deregistrationDelay ?? 300) * 1000;
    targetGroups.set(
      arn,
      createTargetGroup(cloud, network, { arn, name, targetType, healthCheck, deregistrationDelay }),
    );
    return { id: arn, outputs: { arn, arnSuffix, name, loadBalancerArns: [] } };
  }

  async function createListener(declaration: Declaration): Promise<Created> {
    const args = inputsOf<Unwrap<ListenerArgs>>(declaration, [
      "loadBalancerArn",
      "port",
      "protocol",
      "defaultActions",
      "certificateArn",
      "tags",
      "region",
      // Local connections are not encrypted.
      "sslPolicy",
    ]);
    const loadBalancer = loadBalancers.get(args.loadBalancerArn);
    if (loadBalancer === undefined)
      throw awsError("LoadBalancerNotFound", `Load balancer '${args.loadBalancerArn}' not found`);
    const { protocol = "HTTP", port = 80 } = args;
    if (protocol === "HTTPS" && args.certificateArn === undefined)
      throw awsError(
        "ValidationError",
        `aws.lb.Listener ${declaration.name}: A certificate must be specified for HTTPS listeners`,
      );
    const defaultAction = use(loadBalancer, actionOf(args.defaultActions, { protocol, port }));
    // An internal load balancer is asked by people who are connected to the VPC.
    const caller = loadBalancer.internal ? "connected network" : "internet";
    const admits = () => loadBalancer.interfaces.some((it) => network.between(caller, it, port).open);
    const onError = (status: number) =>
      cloud.tell({ kind: "balancer-error", loadBalancer: loadBalancer.arnSuffix, status });
    const listener = await openListener({
      cloud,
      dnsName: loadBalancer.dnsName,
      protocol,
      port,
      defaultAction,
      targetGroup: groupOf,
      admits,
      onError,
    });
    const arn = `${loadBalancer.arn.replace(":loadbalancer/", ":listener/")}/${cloud.id(16)}`;
    listeners.set(arn, { listener, protocol, port, loadBalancer });
    cloud.addresses.set(port === 80 ? loadBalancer.dnsName : `${loadBalancer.dnsName}:${port}`, listener.address);
    return { id: arn, outputs: { arn, port, protocol } };
  }

  function use({ arn, interfaces }: LoadBalancer, action: Action): Action {
    if (action.type === "forward") groupOf(action.targetGroupArn).use(arn, interfaces);
    return action;
  }

  function createRule(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<ListenerRuleArgs>>(declaration, [
      "listenerArn",
      "priority",
      "conditions",
      "actions",
      "tags",
      "region",
    ]);
    const declared = listeners.get(args.listenerArn);
    if (declared === undefined) throw awsError("ListenerNotFound", `Listener '${args.listenerArn}' not found`);
    const { rules, names } = declared.listener;
    const priority = args.priority ?? Math.max(0, ...rules.map((rule) => rule.priority)) + 1;
    if (rules.some((rule) => rule.priority === priority))
      throw awsError("PriorityInUse", `Priority '${priority}' is currently in use`);
    const action = use(declared.loadBalancer, actionOf(args.actions, declared));
    names.push((host) => namesHost(args.conditions, host));
    rules.push({ priority, conditions: args.conditions.map(conditionOf), action });
    const arn = `${args.listenerArn.replace(":listener/", ":listener-rule/")}/${cloud.id(16)}`;
    return { id: arn, outputs: { arn, priority } };
  }

  const onGroup = (action: string) => (input: { TargetGroupArn: string }) => [
    { action: `elasticloadbalancing:${action}`, resource: input.TargetGroupArn },
  ];
  const anywhere = (action: string) => () => [{ action: `elasticloadbalancing:${action}`, resource: "*" }];

  const registerTargets = operation<{ TargetGroupArn: string; Targets: TargetDescription[] }, object>({
    permissions: onGroup("RegisterTargets"),
    perform: ({ TargetGroupArn, Targets }) => {
      for (const target of Targets) groupOf(TargetGroupArn).register(target);
      return {};
    },
  });

  const deregisterTargets = operation<{ TargetGroupArn: string; Targets: TargetDescription[] }, object>({
    permissions: onGroup("DeregisterTargets"),
    perform: ({ TargetGroupArn, Targets }) => {
      for (const target of Targets) groupOf(TargetGroupArn).deregister(target);
      return {};
    },
  });

  const describeTargetHealth = operation<
    { TargetGroupArn: string; Targets?: TargetDescription[] },
    DescribeTargetHealthOutput
  >({
    permissions: anywhere("DescribeTargetHealth"),
    perform: ({ TargetGroupArn, Targets }) => ({ TargetHealthDescriptions: groupOf(TargetGroupArn).describe(Targets) }),
  });

  const describeTargetGroups = operation<{ TargetGroupArns: string[] }, DescribeTargetGroupsOutput>({
    permissions: anywhere("DescribeTargetGroups"),
    perform: ({ TargetGroupArns }) => ({
      TargetGroups: TargetGroupArns.map(groupOf).map(({ settings, loadBalancers }) => ({
        TargetGroupArn: settings.arn,
        TargetGroupName: settings.name,
        TargetType: settings.targetType,
        LoadBalancerArns: [...loadBalancers.keys()],
      })),
    }),
  });

  return {
    name: "elasticloadbalancing",
    protocol: createQueryProtocol({
      client: () => require("@aws-sdk/client-elastic-load-balancing-v2"),
      dialect: "query",
      namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
      codes: { AccessDeniedException: "AccessDenied" },
    }),
    resources: {
      "aws:lb/loadBalancer:LoadBalancer": createBalancer,
      "aws:lb/targetGroup:TargetGroup": createGroup,
      "aws:lb/listener:Listener": createListener,
      "aws:lb/listenerRule:ListenerRule": createRule,
    },
    operations: {
      RegisterTargets: registerTargets,
      DeregisterTargets: deregisterTargets,
      DescribeTargetHealth: describeTargetHealth,
      DescribeTargetGroups: describeTargetGroups,
    },
    stop: async () => {
      await Promise.all([...listeners.values()].map(({ listener }) => listener.close()));
    },
  };
}
