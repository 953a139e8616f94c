import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { userData } from "../../infra/network/natInstance/userData";
import { OPTIONS } from "./standIns";

// Its processes end with it (--kill-child), and its namespaces with the last of them.
const NAMESPACES = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** Whoever is not root becomes root in a user namespace, where the machine allows it. */
const AS_ROOT = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];

const succeeds = (command: string, args: string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** Why the machine cannot do it. */
function obstacle(): string | undefined {
  const missing = ["unshare", "ip", "nft", "sysctl", "mount"].filter(
    (command) => !succeeds("bash", ["-c", 'type -P "$0"', command]),
  );
  if (missing.length > 0) return `not on PATH: ${missing.join(", ")}`;
  const trial = "mount -t tmpfs tmpfs /run && ip netns add trial && ip netns exec trial nft list ruleset";
  if (!succeeds("unshare", [...AS_ROOT, ...NAMESPACES, "bash", "-c", trial]))
    return "neither root nor allowed to make network namespaces with nftables in them";
  return undefined;
}

const unable = obstacle();

describe(`the NAT instance in network namespaces${unable === undefined ? "" : ` (skipped: ${unable})`}`, function () {
  this.timeout(120_000);
  let seen: Record<string, string>;

  before(function () {
    if (unable !== undefined) {
      console.log(`    The NAT instance was not tried in network namespaces: ${unable}.`);
      this.skip();
    }
    const folder = mkdtempSync(path.join(tmpdir(), "nat-instance-"));
    try {
      const file = path.join(folder, "user-data");
      writeFileSync(file, userData(OPTIONS));
      const [world, tcp] = ["namespaces.sh", "tcp.mts"].map((name) => path.join(__dirname, name));
      const command = ["bash", world ?? "", file, process.execPath, tcp ?? ""];
      const output = execFileSync("unshare", [...AS_ROOT, ...NAMESPACES, ...command], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines = output.toString().trim().split("\n");
      seen = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("leads what the VPC sends to GitHub out by the interface, with its address, and the answers back", () => {
    expect([seen.unconfigured, seen.configured, seen.droppedOnceConfigured]).to.deep.equal([
      "timeout",
      "10.40.0.20",
      "0",
    ]);
  });

  it("probes by the way of the VPC's packets, and calls AWS by its own", () => {
    expect([seen.probe, seen.instanceItself]).to.deep.equal(["10.40.0.20", "10.40.0.10"]);
  });

  it("is not to be called itself", () => {
    expect(seen.instanceCalled).to.equal("timeout");
  });

  it("may be configured twice: connections go on, nothing is there twice, nobody else's table is touched", () => {
    expect(seen.conversation).to.equal("10.40.0.20, still there");
    expect(seen.rules?.split("; ")).to.deep.equal([
      "7317: from all iif ens6 lookup 7317",
      "7318: from 10.40.0.20 lookup 7317",
      "7319: from all fwmark 0x1c95 lookup 7317",
    ]);
    expect(seen.routes?.split("; ")).to.deep.equal([
      "default via 10.40.0.1 dev ens6 src 10.40.0.20 metric 1000 onlink",
      "unreachable default metric 4294967295",
      "10.40.0.0/24 dev ens6 scope link src 10.40.0.20",
      "10.40.0.0/16 via 10.40.0.1 dev ens6 src 10.40.0.20 onlink",
    ]);
    expect(seen.tables).to.equal("table ip operators; table ip slipway");
    expect(seen.translations).to.equal("2");
    expect(seen.settings).to.equal("1; 0; 0; 2");
  });

  it("mends rules that another tool deleted, without which the VPC drops the answers", () => {
    expect([seen.withoutRule, seen.droppedWithoutRule, seen.appliedAnew]).to.deep.equal(["timeout", "1", "10.40.0.20"]);
  });

  it("leaves the way out to a boot hook's tunnel: to the VPC's packets, in segments that fit, and to the probe", () => {
    expect([seen.tunnel, seen.tunnelAfterwards]).to.deep.equal(["10.99.0.2", "10.40.0.20"]);
    expect(seen.segments).to.equal("1380");
    expect(seen.probeByTunnel).to.equal("10.99.0.2");
  });

  it("sends nothing out by another interface when this one is down", () => {
    expect([seen.interfaceDown, seen.routesDown]).to.deep.equal(["timeout", "unreachable default metric 4294967295"]);
    expect(seen.probeDown).to.equal("EHOSTUNREACH");
  });
});
