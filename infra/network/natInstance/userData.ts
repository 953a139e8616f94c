import { readFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";

export interface UserDataOptions {
  /** The persistent network interface, `eni-…`, and its MAC address. */
  networkInterfaceId: string;
  macAddress: string;
  region: string;
  /** The VPC's IPv4 range: the destination of replies that arrive through a tunnel. */
  vpcCidr: string;
  /** URL that is requested every minute; any response counts as success. */
  probe: string;
  /** Text of the script that runs at the end of each boot. Default: none. */
  bootHook?: string | undefined;
}

const SCRIPTS = ["common.sh", "attach.sh", "network.sh", "probe.sh", "install.sh", "main.sh"];

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
const LIMIT = 16384;

/**
 * The script that cloud-init runs at the first boot, as plain text: variables, the boot hook, and the scripts of this
 * folder. It installs itself as a service, so only this script needs checks.
 * @throws pulumi.RunError if it exceeds EC2's limit
 */
export function userData(options: UserDataOptions): string {
  const text = [header(options), bootHookFunction(options.bootHook), ...SCRIPTS.map(script)].join("\n");
  const [size, hook] = [Buffer.byteLength(text), Buffer.byteLength(options.bootHook ?? "")];
  if (size > LIMIT)
    throw new pulumi.RunError(
      `slipway:network: natInstance.bootHook has ${hook} bytes and the instance's own script ${size - hook}; EC2 allows ${LIMIT} bytes of user data. Have the boot hook download the rest, for example from S3`,
    );
  return text;
}

/** The script without comments, which would take a quarter of the user data limit. */
const script = (file: string): string => readFileSync(path.join(__dirname, file), "utf8").replaceAll(/^ *#.*\n/gm, "");

const header = ({ networkInterfaceId, macAddress, region, vpcCidr, probe }: UserDataOptions): string => `#!/bin/bash
# slipway's NAT instance. Its log: journalctl --identifier slipway-nat
ENI_ID=${quoted(networkInterfaceId)}
ENI_MAC=${quoted(macAddress)}
REGION=${quoted(region)}
VPC_CIDR=${quoted(vpcCidr)}
PROBE=${quoted(probe)}
`;

const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** Shell function that prints the script without expanding anything in it. */
function bootHookFunction(text = ""): string {
  if (text.trim() === "") return "boot_hook() { :; }\n";
  const lines = text.replace(/\n$/, "").split("\n");
  let end = "END_OF_BOOT_HOOK";
  while (lines.includes(end)) end += "_";
  return [`boot_hook() {`, `  cat <<'${end}'`, ...lines, end, "}", ""].join("\n");
}
