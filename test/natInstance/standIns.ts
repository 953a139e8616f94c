import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { userData } from "../../infra/network/natInstance/userData";

export const NETWORK_INTERFACE = "eni-0123456789abcdef0";
export const MAC = "06:00:0a:28:00:14";
export const INSTANCE = "i-0123456789abcdef0";
export const TOKEN = "AQAEAtoken";

export const OPTIONS = {
  networkInterfaceId: NETWORK_INTERFACE,
  macAddress: MAC,
  region: "cn-north-1",
  vpcCidr: "10.40.0.0/16",
  probe: "https://github.com",
};

const REAL = ["awk", "basename", "bash", "cat", "dirname", "env"];
/** Does what it is told, for every path that it is given lies in the instance's folder. */
const LED_ELSEWHERE = ["install", "tee"];
const STAND_INS = [
  "aws",
  "curl",
  "dd",
  "dnf",
  "ip",
  "logger",
  "mkswap",
  "nft",
  "sleep",
  "swapon",
  "sysctl",
  "systemctl",
  "timeout",
];

export interface InstanceOptions {
  bootHook?: string;
  /** KiB, as /proc/meminfo has it. */
  memory?: number;
  /** What a command does besides being recorded, in bash; `$FOLDER` is the instance's, `$CALLS` how often it was called. */
  behaviour?: Record<string, string>;
  /** Commands that the machine does not have until they are moved from `$FOLDER/absent` to `$FOLDER/bin`. */
  absent?: string[];
}

export interface Run {
  status: number | null;
  /** Commands in the order in which they were called, with paths as on an instance. */
  calls: string[];
}

export interface Instance {
  /** Runs the user data as cloud-init (no argument) or systemd does. */
  run(argument?: "start" | "probe"): Run;
  /** Runs a function of the user data and gives what it prints. */
  call(name: string, ...parameters: string[]): string;
  /** A file's content, by its path on the instance. */
  read(file: string): string;
  write(file: string, content: string): void;
  remove(): void;
}

/** What the metadata service knows, and the network interface once it is attached. */
export const IMDS = `case "$*" in
  *api/token) echo ${TOKEN} ;;
  */instance-id) echo ${INSTANCE} ;;
  */local-ipv4s) echo 10.40.0.20; echo 10.40.0.21 ;;
  */subnet-ipv4-cidr-block) echo 10.40.0.0/24 ;;
esac`;
export const ATTACH = `mkdir -p "$FOLDER/sys/class/net/ens6" && echo ${MAC} >"$FOLDER/sys/class/net/ens6/address"`;

/** The kernel says so when there is no such rule (any more). */
const NO_RULE = `if [[ "$*" == *"rule delete"* ]]; then exit 2; fi`;

/** An instance out of a folder: everything that the user data calls is a stand-in that writes down how it was called. */
export function createInstance({ bootHook, memory = 930000, behaviour = {}, absent = [] }: InstanceOptions): Instance {
  const folder = mkdtempSync(path.join(tmpdir(), "nat-instance-"));
  const at = (file: string) => path.join(folder, file);
  const calls = at("calls");
  for (const directory of [
    "bin",
    "absent",
    "etc/systemd/system",
    "usr/local/sbin",
    "proc",
    "sys/class/net/ens5",
    "counts",
  ])
    mkdirSync(at(directory), { recursive: true });
  writeFileSync(at("sys/class/net/ens5/address"), "06:00:0a:28:00:0a\n");
  writeFileSync(at("proc/meminfo"), `MemTotal:         ${memory} kB\nMemFree:          100000 kB\n`);
  writeFileSync(at("etc/fstab"), "");
  writeFileSync(at("user-data"), userData({ ...OPTIONS, bootHook }));
  for (const command of REAL) symlinkSync(which(command), at(`bin/${command}`));
  const behaviours: Record<string, string> = {
    aws: ATTACH,
    curl: IMDS,
    ip: NO_RULE,
    nft: `cat >"$FOLDER/ruleset"`,
    timeout: `shift 2; exec "$@"`,
    ...behaviour,
  };
  for (const command of LED_ELSEWHERE) standIn(command, `exec ${which(command)} "$@"`);
  for (const command of STAND_INS)
    standIn(
      command,
      `PATH=${process.env.PATH}\n${behaviours[command] ?? ""}`,
      absent.includes(command) ? "absent" : "bin",
    );

  function standIn(command: string, does: string, directory = "bin"): void {
    const file = at(`${directory}/${command}`);
    const count = `CALLS=$(($(cat "$FOLDER/counts/${command}" 2>/dev/null || echo 0) + 1))`;
    const record = `printf '%s\\n' "${command} $*" >>"$FOLDER/calls"`;
    const lines = [`#!${which("bash")}`, record, count, `echo "$CALLS" >"$FOLDER/counts/${command}"`, does, ""];
    writeFileSync(file, lines.join("\n"));
    chmodSync(file, 0o755);
  }

  const env = {
    PATH: at("bin"),
    FOLDER: folder,
    IMDS: "http://imds/latest",
    SYS_NET: at("sys/class/net"),
    MEMINFO: at("proc/meminfo"),
    FSTAB: at("etc/fstab"),
    SWAP_FILE: at("swapfile"),
    PROGRAM: at("usr/local/sbin/slipway-nat"),
    BOOT_HOOK: at("usr/local/sbin/slipway-nat-boot-hook"),
    UNITS: at("etc/systemd/system"),
    NETWORKD: at("etc/systemd"),
    STATE: at("run/slipway-nat"),
  };
  return {
    run: (argument) => {
      writeFileSync(calls, "");
      const { status } = spawnSync(which("bash"), [at("user-data"), ...(argument ? [argument] : [])], {
        env,
        stdio: "ignore",
      });
      const lines = readFileSync(calls, "utf8").replaceAll(folder, "").split("\n").slice(0, -1);
      return { status, calls: lines };
    },
    call: (name, ...parameters) =>
      execFileSync(which("bash"), ["--norc", "-c", `source "$0/user-data"; ${name} "$@"`, folder, ...parameters], {
        env,
      }).toString(),
    read: (file) => readFileSync(at(file), "utf8").replaceAll(folder, ""),
    write: (file, content) => {
      mkdirSync(path.dirname(at(file)), { recursive: true });
      writeFileSync(at(file), content);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const which = (command: string): string => execFileSync("bash", ["-c", 'type -P "$0"', command]).toString().trim();
