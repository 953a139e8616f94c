import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import type * as pulumi from "@pulumi/pulumi";
import { type EndpointService, GATEWAY_SERVICES } from "../partition";
import type { StackContext } from "../stackContext";

export interface EndpointsArgs {
  stack: StackContext;
  vpcId: pulumi.Output<string>;
  vpcCidr: string;
  /** Subnets of the interface endpoints. */
  subnetIds: pulumi.Output<string[]>;
  /** Route tables that get routes to the gateway endpoints. */
  routeTableIds: pulumi.Output<string>[];
  services: EndpointService[];
}

/** Makes AWS services reachable from the VPC without internet access. @returns the endpoints' ids */
export function createEndpoints(
  name: string,
  args: EndpointsArgs,
  opts: { parent: pulumi.Resource },
): pulumi.Output<string>[] {
  const { services, routeTableIds } = args;
  const isGateway = (service: EndpointService) => GATEWAY_SERVICES.includes(service);
  const gateway = { vpcEndpointType: "Gateway", routeTableIds };
  return [
    ...services.filter(isGateway).map((service) => createEndpoint(name, service, gateway, args, opts)),
    ...createInterfaces(
      name,
      services.filter((service) => !isGateway(service)),
      args,
      opts,
    ),
  ];
}

function createInterfaces(
  name: string,
  services: EndpointService[],
  args: EndpointsArgs,
  opts: { parent: pulumi.Resource },
): pulumi.Output<string>[] {
  if (services.length === 0) return [];
  const kind = {
    vpcEndpointType: "Interface",
    // The services' usual host names resolve to the endpoint, so callers need no configuration.
    privateDnsEnabled: true,
    subnetIds: args.subnetIds,
    securityGroupIds: [createSecurityGroup(name, args, opts)],
  };
  return services.map((service) => createEndpoint(name, service, kind, args, opts));
}

const createEndpoint = (
  name: string,
  service: EndpointService,
  kind: Partial<ec2.VpcEndpointArgs>,
  { stack, vpcId }: EndpointsArgs,
  opts: { parent: pulumi.Resource },
): pulumi.Output<string> => {
  const { partition, region } = stack.account;
  const serviceName = partition.endpointService(service, region);
  return new ec2.VpcEndpoint(`${name}-${service.replace(".", "-")}`, { vpcId, serviceName, ...kind }, opts).id;
};

function createSecurityGroup(
  name: string,
  { vpcId, vpcCidr }: EndpointsArgs,
  opts: { parent: pulumi.Resource },
): pulumi.Output<string> {
  const group = new ec2.SecurityGroup(
    `${name}-endpoints`,
    { description: "Endpoints of AWS services: HTTPS from the VPC", vpcId },
    opts,
  );
  new vpc.SecurityGroupIngressRule(
    `${name}-endpoints`,
    { securityGroupId: group.id, ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: vpcCidr },
    opts,
  );
  return group.id;
}
