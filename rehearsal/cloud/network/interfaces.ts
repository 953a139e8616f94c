import type { EipArgs } from "@pulumi/aws/ec2/eip";
import type { NetworkInterfaceArgs } from "@pulumi/aws/ec2/networkInterface";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "../service";
import { formatAddress, sizeOf } from "./addresses";
import type { NetworkInterface, Subnet } from "./model";
import { interfaceOf, type NetworkState, stateOf } from "./state";

export interface Attachment {
  subnetId: string;
  securityGroups: string[];
  assignPublicIp?: boolean;
  tags?: Record<string, string>;
}

/** @throws AwsError for a subnet or security group that does not exist, or a subnet without a free address */
export function createInterface(cloud: Cloud, state: NetworkState, attachment: Attachment): NetworkInterface {
  const { subnetId, securityGroups, assignPublicIp, tags } = attachment;
  const subnet = state.subnets.get(subnetId);
  if (subnet === undefined) throw awsError("InvalidSubnetID.NotFound", `The subnet ID '${subnetId}' does not exist`);
  const missing = securityGroups.find((id) => !state.groups.has(id));
  if (missing !== undefined) throw awsError("InvalidGroup.NotFound", `The security group '${missing}' does not exist`);
  const created: NetworkInterface = {
    id: `eni-${cloud.id(17)}`,
    vpcId: subnet.vpcId,
    subnetId,
    address: freeAddress(state, subnet),
    publicAddress: assignPublicIp ?? false,
    securityGroups,
    sourceDestCheck: true,
    tags: tags ?? {},
  };
  state.interfaces.set(created.address, created);
  return created;
}

function freeAddress({ interfaces }: NetworkState, subnet: Subnet): string {
  const usable = usableIn(subnet);
  for (let tried = 0; tried < usable; tried++) {
    const address = formatAddress(subnet.range.base + 4 + (subnet.next++ % usable));
    if (!interfaces.has(address)) return address;
  }
  throw awsError("InsufficientFreeAddressesInSubnet", `There are no free addresses in subnet '${subnet.id}'.`);
}

/** AWS reserves the first four addresses and the last of a subnet. */
export const usableIn = ({ range }: Subnet): number => sizeOf(range) - 5;

/** A unique address: locally administered, containing the private address. */
const macAddressOf = (address: string): string =>
  ["02", "00", ...address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"))].join(":");

/** Declared network interfaces and elastic addresses. */
export function createInterfaces(cloud: Cloud): Pick<Service, "resources"> {
  const state = stateOf(cloud);
  let addresses = 0;

  function createNetworkInterface(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<NetworkInterfaceArgs>>(declaration, [
      "subnetId",
      "securityGroups",
      "sourceDestCheck",
      "description",
      "tags",
      "region",
    ]);
    const { subnetId, securityGroups = [], sourceDestCheck = true, tags = {} } = args;
    const created = createInterface(cloud, state, { subnetId, securityGroups, tags });
    created.sourceDestCheck = sourceDestCheck;
    const { id, address } = created;
    return {
      id,
      outputs: {
        arn: cloud.arn("ec2", `network-interface/${id}`),
        ownerId: cloud.accountId,
        macAddress: macAddressOf(address),
        privateIp: address,
        privateIps: [address],
      },
    };
  }

  function createAddress(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<EipArgs>>(declaration, ["domain", "networkInterface", "tags", "region"]);
    const to = args.networkInterface === undefined ? undefined : interfaceOf(state, args.networkInterface);
    if (args.networkInterface !== undefined && to === undefined)
      throw awsError(
        "InvalidNetworkInterfaceID.NotFound",
        `The networkInterface ID '${args.networkInterface}' does not exist`,
      );
    if (to?.publicAddress)
      throw awsError("Resource.AlreadyAssociated", `resource ${to.id} is already associated with another address`);
    if (to !== undefined) to.publicAddress = true;
    const id = `eipalloc-${cloud.id(17)}`;
    // RFC 5737's third range; hosts use the other two.
    const publicIp = `192.0.2.${(addresses++ % 254) + 1}`;
    return {
      id,
      outputs: {
        allocationId: id,
        arn: cloud.arn("ec2", `elastic-ip/${id}`),
        publicIp,
        ...(to === undefined ? {} : { associationId: `eipassoc-${cloud.id(17)}`, privateIp: to.address }),
      },
    };
  }

  return {
    resources: {
      "aws:ec2/networkInterface:NetworkInterface": createNetworkInterface,
      "aws:ec2/eip:Eip": createAddress,
    },
  };
}
