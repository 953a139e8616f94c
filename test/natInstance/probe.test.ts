import { expect } from "chai";
import { createInstance, IMDS, INSTANCE, type Instance, MAC, NETWORK_INTERFACE } from "./standIns";

describe("what the NAT instance does about a forge that it cannot reach", function () {
  this.timeout(60_000);
  let instance: Instance;
  afterEach(() => instance.remove());

  const decisions: [failures: number, reached: "yes" | "no", decision: string][] = [
    [0, "yes", "wait"],
    [1, "no", "wait"],
    [1, "yes", "wait"],
    [4, "yes", "wait"],
    [5, "no", "configure"],
    [5, "yes", "configure"],
    [6, "yes", "wait"],
    [10, "yes", "configure"],
    [14, "yes", "wait"],
    [15, "yes", "replace"],
    [15, "no", "configure"],
    [16, "yes", "replace"],
    [16, "no", "wait"],
    [20, "yes", "replace"],
    [1000, "no", "configure"],
  ];

  it("is a matter of how often in a row, and whether it was ever reached", () => {
    instance = createInstance({});
    const decided = decisions.map(([failures, reached]) => [
      failures,
      reached,
      instance.call("decide", String(failures), reached).trim(),
    ]);
    expect(decided).to.deep.equal(decisions);
  });

  const ASKED =
    "curl --silent --show-error --ipv4 --head --max-time 10 --output /dev/null --interface 10.40.0.20 https://github.com";
  const REACHED = `logger --tag slipway-nat --priority user.notice -- https://github.com can be reached through ${NETWORK_INTERFACE}.`;
  const COUNTED = "tee /run/slipway-nat/failures /run/slipway-nat/reached";
  const CAUSE = "curl: (28) Connection timed out after 10001 milliseconds";
  const failure = (times: number) => [
    ASKED,
    "install -d /run/slipway-nat",
    "tee /run/slipway-nat/failures",
    `logger --tag slipway-nat --priority user.warning -- https://github.com could not be reached through ${NETWORK_INTERFACE} ${times} times in a row: ${CAUSE}`,
  ];
  const DOWN = `if [[ "$*" == *github.com ]]; then
  if [[ -e "$FOLDER/up" ]]; then exit 0; fi
  echo "${CAUSE}" >&2
  exit 28
fi
${IMDS}`;

  /** An instance that has booted, with `failures` in a row so far. */
  function booted(state: { failures?: number; reached?: boolean }, behaviour = {}): Instance {
    instance = createInstance({ behaviour: { curl: DOWN, ...behaviour } });
    instance.write("sys/class/net/ens6/address", `${MAC}\n`);
    instance.write("run/slipway-nat/address", "10.40.0.20\n");
    if (state.failures !== undefined) instance.write("run/slipway-nat/failures", `${state.failures}\n`);
    if (state.reached === true) instance.write("run/slipway-nat/reached", "0\n");
    return instance;
  }

  it("is told once when it is reached, and again after a failure", () => {
    const it = booted({});
    it.write("up", "");
    expect(it.run("probe")).to.deep.equal({ status: 0, calls: [ASKED, REACHED, COUNTED] });
    expect(it.run("probe")).to.deep.equal({ status: 0, calls: [ASKED, COUNTED] });
    it.write("run/slipway-nat/failures", "3\n");
    expect(it.run("probe")).to.deep.equal({ status: 0, calls: [ASKED, REACHED, COUNTED] });
    expect(it.read("run/slipway-nat/failures")).to.equal("0\n");
  });

  it("counts a failure", () => {
    const it = booted({ failures: 3, reached: true });
    expect(it.run("probe")).to.deep.equal({ status: 0, calls: failure(4) });
    expect(it.read("run/slipway-nat/failures")).to.equal("4\n");
  });

  it("applies the configuration anew after five", () => {
    const { status, calls } = booted({ failures: 4 }).run("probe");
    expect(status).to.equal(0);
    expect(calls.slice(0, 4)).to.deep.equal(failure(5));
    expect(calls.filter((call) => call.startsWith("nft"))).to.deep.equal(["nft --file -"]);
    expect(calls.filter((call) => call.startsWith("aws"))).to.deep.equal([]);
  });

  it("has the instance replaced after fifteen", () => {
    const { status, calls } = booted({ failures: 14, reached: true }, { aws: "" }).run("probe");
    expect(status).to.equal(0);
    expect(calls.slice(0, 4)).to.deep.equal(failure(15));
    expect(calls.slice(6)).to.deep.equal([
      `logger --tag slipway-nat --priority user.err -- ${INSTANCE} asks its auto scaling group for a replacement.`,
      `aws autoscaling set-instance-health --region cn-north-1 --instance-id ${INSTANCE} --health-status Unhealthy --no-should-respect-grace-period`,
    ]);
  });

  it("counts a failure where the interface was never configured", () => {
    instance = createInstance({});
    const { status, calls } = instance.run("probe");
    expect(status).to.equal(0);
    expect(calls.slice(0, 2)).to.deep.equal(["install -d /run/slipway-nat", "tee /run/slipway-nat/failures"]);
    expect(calls[2]).to.match(
      /could not be reached through eni-0123456789abcdef0 1 times in a row: .*address: No such file/,
    );
    expect(calls).to.have.length(3);
  });
});
