import type { Instance as Description } from "@aws-sdk/client-ec2";
import type { NetworkInterface } from "../network/model";
import { type NetworkState, stateOf } from "../network/state";
import type { Cloud } from "../service";
import type { Instance } from "./instance";

/** Its own network interface and attached ones. */
export const attachedTo = ({ interfaces }: NetworkState, { id }: Instance): NetworkInterface[] =>
  [...interfaces.values()].filter((it) => it.instanceId === id);

/** @param profile name or ARN */
export const profileArn = (cloud: Cloud, profile: string): string =>
  profile.startsWith("arn:") ? profile : cloud.arn("iam", `instance-profile/${profile}`, { region: "" });

/** An instance as DescribeInstances returns it. */
export function describeInstance(cloud: Cloud, instance: Instance): Description {
  const { id, template, primary, subnetId } = instance;
  const gone = instance.state === "shutting-down" || instance.state === "terminated";
  return {
    InstanceId: id,
    State: { Name: instance.state },
    ImageId: template.imageId,
    InstanceType: template.instanceType as Description["InstanceType"],
    Placement: { AvailabilityZone: instance.zone },
    LaunchTime: new Date(instance.launchedAt),
    SubnetId: subnetId,
    VpcId: primary.vpcId,
    ...(gone ? {} : { PrivateIpAddress: primary.address }),
    ...(template.profile === undefined ? {} : { IamInstanceProfile: { Arn: profileArn(cloud, template.profile) } }),
    NetworkInterfaces: attachedTo(stateOf(cloud), instance).map((it) => ({
      NetworkInterfaceId: it.id,
      SubnetId: it.subnetId,
      PrivateIpAddress: it.address,
      SourceDestCheck: it.sourceDestCheck,
      Groups: it.securityGroups.map((GroupId) => ({ GroupId })),
      Attachment: { DeviceIndex: it === primary ? 0 : 1, Status: "attached" },
    })),
    Tags: Object.entries(instance.tags).map(([Key, Value]) => ({ Key, Value })),
  };
}
