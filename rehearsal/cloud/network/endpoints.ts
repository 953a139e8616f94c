import type { VpcEndpointArgs } from "@pulumi/aws/ec2/vpcEndpoint";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "../service";
import { GATEWAY_RANGES } from "./hosts";
import { createInterface } from "./interfaces";
import type { Endpoint, Vpc } from "./model";
import { addRoute } from "./routeTables";
import { stateOf } from "./state";

const GATEWAY_SERVICES = Object.keys(GATEWAY_RANGES);

const INTERFACE_SERVICES = [
  "autoscaling",
  "codepipeline",
  "ec2",
  "ec2messages",
  "ecr.api",
  "ecr.dkr",
  "lambda",
  "logs",
  "monitoring",
  "s3",
  "secretsmanager",
  "sns",
  "sqs",
  "ssm",
  "ssmmessages",
  "sts",
];

// Interface endpoints whose names start with `cn.` in China, as listed by `aws ec2 describe-vpc-endpoint-services`:
// https://github.com/aws/aws-cdk/pull/25333
const PREFIXED_IN_CHINA = ["autoscaling", "ec2", "ecr.api", "ecr.dkr", "lambda", "monitoring", "s3", "sqs", "sts"];

// Services whose host names differ from the endpoint's name.
const HOSTS: Record<string, (domain: string) => RegExp> = {
  "ecr.api": (domain) => exactly(`api\\.ecr\\.${domain}`),
  "ecr.dkr": (domain) => exactly(`[^.]+\\.dkr\\.ecr\\.${domain}`),
  s3: (domain) => exactly(`(.+\\.)?s3\\.${domain}`),
};

const exactly = (pattern: string) => new RegExp(`^${pattern}$`);

/** Whether a host name of the endpoint's service resolves to it. */
export function answersTo({ service }: Endpoint, { region, dnsSuffix }: Cloud, host: string): boolean {
  const domain = `${region}.${dnsSuffix}`.replaceAll(".", "\\.");
  return (HOSTS[service]?.(domain) ?? exactly(`${service}\\.${domain}`)).test(host);
}

/** Declared endpoints. */
export function createEndpoints(cloud: Cloud, quota: number): Pick<Service, "resources"> {
  const state = stateOf(cloud);

  function serviceOf(name: string, type: string): string {
    const services = type === "Gateway" ? GATEWAY_SERVICES : type === "Interface" ? INTERFACE_SERVICES : undefined;
    if (services === undefined) throw new Error(`${name}: vpcEndpointType ${type} is not simulated.`);
    const found = services.find((it) => name === nameOf(it, type));
    if (found === undefined)
      throw awsError(
        "InvalidServiceName",
        `The Vpc Endpoint Service '${name}' does not exist${hint(name, type, services)}`,
      );
    return found;
  }

  function nameOf(service: string, type: string): string {
    const prefixed = cloud.partition === "aws-cn" && type === "Interface" && PREFIXED_IN_CHINA.includes(service);
    return `${prefixed ? "cn." : ""}com.amazonaws.${cloud.region}.${service}`;
  }

  function hint(name: string, type: string, services: string[]): string {
    const meant = services.find((it) => name.endsWith(`.${it}`));
    return meant === undefined ? ` as ${type}.` : `: in ${cloud.region} it is ${nameOf(meant, type)}.`;
  }

  function create(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<VpcEndpointArgs>>(declaration, [
      "vpcId",
      "serviceName",
      "vpcEndpointType",
      "routeTableIds",
      "subnetIds",
      "securityGroupIds",
      "privateDnsEnabled",
      "tags",
      "region",
    ]);
    const vpc = state.vpcs.get(args.vpcId);
    if (vpc === undefined) throw awsError("InvalidVpcId.NotFound", `The VPC ID '${args.vpcId}' does not exist`);
    const type = args.vpcEndpointType ?? "Gateway";
    const service = serviceOf(args.serviceName ?? "", type);
    const id = `vpce-${cloud.id(17)}`;
    const arn = cloud.arn("ec2", `vpc-endpoint/${id}`);
    const outputs =
      type === "Gateway" ? createGateway(id, vpc, service, args) : createInterfaces(id, vpc, service, args);
    return { id, outputs: { arn, ownerId: cloud.accountId, state: "available", ...outputs } };
  }

  function createGateway(id: string, vpc: Vpc, service: string, { routeTableIds = [] }: Unwrap<VpcEndpointArgs>) {
    const list = prefixListOf(service);
    for (const routeTableId of routeTableIds) {
      const table = state.routeTables.get(routeTableId);
      if (table?.vpcId !== vpc.id)
        throw awsError(
          "InvalidRouteTableId.NotFound",
          `The routeTable ID '${routeTableId}' does not exist in ${vpc.id}`,
        );
      addRoute(state, table, { destination: list, target: id }, quota);
    }
    state.endpoints.set(id, { id, vpcId: vpc.id, service, interfaces: [], privateDns: false });
    return { prefixListId: list, routeTableIds, networkInterfaceIds: [] };
  }

  /** AWS's own list of a service's addresses; counts as one route ("AWS-managed prefix list weight"). */
  function prefixListOf(service: string): string {
    const name = nameOf(service, "Gateway");
    const existing = [...state.prefixLists.values()].find((it) => it.name === name);
    if (existing !== undefined) return existing.id;
    const id = `pl-${cloud.id(8)}`;
    state.prefixLists.set(id, { id, name, cidrs: [GATEWAY_RANGES[service] ?? ""], maxEntries: 1 });
    return id;
  }

  function createInterfaces(id: string, vpc: Vpc, service: string, args: Unwrap<VpcEndpointArgs>) {
    const { subnetIds = [], securityGroupIds = [], privateDnsEnabled: privateDns = false } = args;
    if (privateDns) checkPrivateDns(vpc, service);
    checkZones(subnetIds);
    const interfaces = subnetIds.map((subnetId) =>
      createInterface(cloud, state, { subnetId, securityGroups: securityGroupIds }),
    );
    state.endpoints.set(id, { id, vpcId: vpc.id, service, interfaces, privateDns });
    return { networkInterfaceIds: interfaces.map((it) => it.id), subnetIds, securityGroupIds };
  }

  function checkPrivateDns(vpc: Vpc, service: string): void {
    if (!vpc.dnsSupport || !vpc.dnsHostnames)
      throw awsError(
        "InvalidParameter",
        `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc.id}`,
      );
    const other = [...state.endpoints.values()].find(
      (it) => it.vpcId === vpc.id && it.service === service && it.privateDns,
    );
    if (other !== undefined)
      throw awsError(
        "InvalidParameter",
        `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${service} in ${vpc.id}: ${other.id} has it.`,
      );
  }

  function checkZones(subnetIds: string[]): void {
    const zones = subnetIds.map((it) => state.subnets.get(it)?.zone);
    const twice = zones.find((zone, at) => zone !== undefined && zones.indexOf(zone) !== at);
    if (twice !== undefined)
      throw awsError(
        "DuplicateSubnetsInSameZone",
        `Found another VPC endpoint subnet in the availability zone of ${twice}.`,
      );
  }

  return { resources: { "aws:ec2/vpcEndpoint:VpcEndpoint": create } };
}
