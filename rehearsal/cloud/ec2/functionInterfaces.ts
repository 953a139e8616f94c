import type {
  AssignPrivateIpAddressesRequest,
  CreateNetworkInterfaceRequest,
  CreateNetworkInterfaceResult,
  DeleteNetworkInterfaceRequest,
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
} from "@aws-sdk/client-ec2";
import { formatRange } from "../network/addresses";
import { createInterface, usableIn } from "../network/interfaces";
import { interfaceOf, stateOf } from "../network/state";
import { type AnyOperation, awsError, type Cloud, operation } from "../service";

/** The operations that Lambda calls, with a function's role, to put the function into a VPC. */
export function createFunctionInterfaces(cloud: Cloud): Record<string, AnyOperation> {
  const state = stateOf(cloud);
  const arn = (type: string, id: string) => cloud.arn("ec2", `${type}/${id}`);
  const on = (action: string) => (input: { NetworkInterfaceId?: string | undefined }) => [
    { action: `ec2:${action}`, resource: arn("network-interface", input.NetworkInterfaceId ?? "*") },
  ];
  const everything = (action: string) => () => [{ action: `ec2:${action}`, resource: "*" }];

  function dryRun(DryRun: boolean | undefined): void {
    if (DryRun) throw awsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
  }

  function existing(NetworkInterfaceId = "") {
    const found = interfaceOf(state, NetworkInterfaceId);
    if (found === undefined)
      throw awsError(
        "InvalidNetworkInterfaceID.NotFound",
        `The networkInterface ID '${NetworkInterfaceId}' does not exist`,
      );
    return found;
  }

  const onlyDryRun = (action: string) =>
    operation<AssignPrivateIpAddressesRequest & { DryRun?: boolean }, object>({
      permissions: on(action),
      perform(input) {
        dryRun(input.DryRun);
        throw awsError("NotSimulated", `ec2:${action} is not simulated but as a dry run.`, 501);
      },
    });

  return {
    DescribeSubnets: operation<DescribeSubnetsRequest, DescribeSubnetsResult>({
      permissions: everything("DescribeSubnets"),
      perform({ SubnetIds = [], DryRun }) {
        dryRun(DryRun);
        const Subnets = SubnetIds.map((id) => {
          const subnet = state.subnets.get(id);
          if (subnet === undefined) throw awsError("InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`);
          const used = [...state.interfaces.values()].filter((it) => it.subnetId === id).length;
          return {
            SubnetId: id,
            VpcId: subnet.vpcId,
            AvailabilityZone: subnet.zone,
            CidrBlock: formatRange(subnet.range),
            AvailableIpAddressCount: usableIn(subnet) - used,
          };
        });
        return { Subnets };
      },
    }),
    CreateNetworkInterface: operation<CreateNetworkInterfaceRequest, CreateNetworkInterfaceResult>({
      permissions: ({ SubnetId = "", Groups = [] }) =>
        [arn("network-interface", "*"), arn("subnet", SubnetId), ...Groups.map((it) => arn("security-group", it))].map(
          (resource) => ({ action: "ec2:CreateNetworkInterface", resource }),
        ),
      perform({ SubnetId = "", Groups = [], DryRun }) {
        dryRun(DryRun);
        const created = createInterface(cloud, state, { subnetId: SubnetId, securityGroups: Groups });
        return {
          NetworkInterface: {
            NetworkInterfaceId: created.id,
            SubnetId,
            VpcId: created.vpcId,
            PrivateIpAddress: created.address,
          },
        };
      },
    }),
    DescribeNetworkInterfaces: operation<DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult>({
      permissions: everything("DescribeNetworkInterfaces"),
      perform({ NetworkInterfaceIds = [], DryRun }) {
        dryRun(DryRun);
        return {
          NetworkInterfaces: NetworkInterfaceIds.map((id) => {
            const { subnetId, vpcId, address, sourceDestCheck, instanceId } = existing(id);
            return {
              NetworkInterfaceId: id,
              SubnetId: subnetId,
              VpcId: vpcId,
              PrivateIpAddress: address,
              SourceDestCheck: sourceDestCheck,
              ...(instanceId === undefined ? {} : { Attachment: { InstanceId: instanceId, Status: "attached" } }),
            };
          }),
        };
      },
    }),
    DeleteNetworkInterface: operation<DeleteNetworkInterfaceRequest, object>({
      permissions: on("DeleteNetworkInterface"),
      perform({ NetworkInterfaceId, DryRun }) {
        dryRun(DryRun);
        const { address, instanceId } = existing(NetworkInterfaceId);
        if (instanceId !== undefined)
          throw awsError("InvalidParameterValue", `Network interface '${NetworkInterfaceId}' is currently in use.`);
        state.interfaces.delete(address);
        return {};
      },
    }),
    AssignPrivateIpAddresses: onlyDryRun("AssignPrivateIpAddresses"),
    UnassignPrivateIpAddresses: onlyDryRun("UnassignPrivateIpAddresses"),
  };
}
