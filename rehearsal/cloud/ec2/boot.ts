import type { AttachNetworkInterfaceRequest } from "@aws-sdk/client-ec2";
import { serviceHost } from "../network/hosts";
import { reach } from "../network/reach";
import { stateOf } from "../network/state";
import type { Cloud, Principal } from "../service";
import type { Instance } from "./instance";

// How long a user data script waits before it retries to attach an interface that another instance still holds.
const RETRY = 5_000;

/**
 * Has the effects of an instance's user data, under the role of its profile: attaches the network interfaces named in
 * the text. The script itself is not run: it configures a Linux host.
 */
export async function runUserData(cloud: Cloud, instance: Instance): Promise<void> {
  const { userData } = instance.template;
  if (!userData.includes("attach-network-interface")) return;
  try {
    const role = await roleOf(cloud, instance);
    const passage = reach(cloud, stateOf(cloud), instance.primary, serviceHost(cloud, "ec2"), 443);
    if (!passage.open) throw new Error(`Connect timeout on endpoint URL of EC2: ${passage.reason}`);
    for (const id of new Set(userData.match(/\beni-[0-9a-f]{8,17}\b/g))) await attach(cloud, role, instance, id);
  } catch (error) {
    writeConsole(cloud, instance, `user data: ${(error as Error).message}`);
  }
}

async function roleOf(cloud: Cloud, { id, template }: Instance): Promise<Principal> {
  if (template.profile === undefined) throw new Error(`Unable to locate credentials: ${id} has no instance profile`);
  const arn = cloud.roleOfProfile(template.profile);
  await cloud.assumeRole(`ec2.${cloud.dnsSuffix}`, arn);
  return { kind: "role", arn };
}

async function attach(cloud: Cloud, role: Principal, instance: Instance, NetworkInterfaceId: string): Promise<void> {
  while (instance.state === "running") {
    try {
      await cloud.call<AttachNetworkInterfaceRequest, object>(role, "ec2", "AttachNetworkInterface", {
        InstanceId: instance.id,
        NetworkInterfaceId,
        DeviceIndex: 1,
      });
      writeConsole(cloud, instance, `user data: ${NetworkInterfaceId} attached`);
      return;
    } catch (error) {
      if ((error as Error).name !== "InvalidNetworkInterface.InUse") throw error;
    }
    await cloud.clock.wait(RETRY);
  }
}

/** Writes a line of an instance's "Get system log". */
function writeConsole(cloud: Cloud, { id }: Instance, line: string): void {
  cloud.tell({ kind: "log", group: id, stream: "console", line });
}
