import { interfaceOf, stateOf } from "../network/state";
import type { Cloud, Permission } from "../service";
import { profileArn } from "./describeInstance";

/** EC2's permission checks on instances and network interfaces, with their context keys. */
export function createPermissions(cloud: Cloud) {
  const state = stateOf(cloud);

  function instance(action: string, id = ""): Permission {
    const found = state.instances.get(id);
    const of = (values: Record<string, string | undefined>) =>
      Object.fromEntries(Object.entries(values).filter((it): it is [string, string] => it[1] !== undefined));
    const { template } = found ?? {};
    const context = of({
      "ec2:InstanceID": found?.id,
      "ec2:AvailabilityZone": found?.zone,
      "ec2:InstanceType": template?.instanceType,
      "ec2:InstanceProfile": template?.profile && profileArn(cloud, template.profile),
      "ec2:MetadataHttpTokens": template?.httpTokens,
      "ec2:MetadataHttpPutResponseHopLimit": template && String(template.httpPutResponseHopLimit),
      "ec2:Region": cloud.region,
    });
    return {
      action,
      resource: cloud.arn("ec2", `instance/${id}`),
      context: { ...context, ...tagKeys(found?.tags ?? {}) },
    };
  }

  function networkInterface(action: string, id = ""): Permission {
    const it = interfaceOf(state, id);
    const context: Record<string, string> = { "ec2:Region": cloud.region, "ec2:NetworkInterfaceID": id };
    if (it !== undefined) {
      context["ec2:AvailabilityZone"] = state.subnets.get(it.subnetId)?.zone ?? "";
      context["ec2:Subnet"] = cloud.arn("ec2", `subnet/${it.subnetId}`);
      context["ec2:Vpc"] = cloud.arn("ec2", `vpc/${it.vpcId}`);
    }
    return {
      action,
      resource: cloud.arn("ec2", `network-interface/${id}`),
      context: { ...context, ...tagKeys(it?.tags ?? {}) },
    };
  }

  return { instance, networkInterface };
}

const tagKeys = (tags: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`ec2:ResourceTag/${key}`, value],
    ]),
  );
