import { expect } from "chai";
import {
  ATTACH,
  createInstance,
  IMDS,
  INSTANCE,
  type Instance,
  type InstanceOptions,
  MAC,
  NETWORK_INTERFACE,
  TOKEN,
} from "./standIns";

const log = (priority: string, message: string) => `logger --tag slipway-nat --priority user.${priority} -- ${message}`;

const imds = (path: string) => [
  "curl --silent --show-error --fail --max-time 5 --request PUT --header X-aws-ec2-metadata-token-ttl-seconds: 60 http://imds/latest/api/token",
  `curl --silent --show-error --fail --max-time 5 --header X-aws-ec2-metadata-token: ${TOKEN} http://imds/latest/meta-data/${path}`,
];

const attempt = [
  ...imds("instance-id"),
  `aws ec2 attach-network-interface --region cn-north-1 --network-interface-id ${NETWORK_INTERFACE} --instance-id ${INSTANCE} --device-index 1`,
];

const ATTACHED = [...attempt, log("info", `Attached ${NETWORK_INTERFACE} to ${INSTANCE}.`)];

const CONFIGURED = [
  ...imds(`network/interfaces/macs/${MAC}/local-ipv4s`),
  ...imds(`network/interfaces/macs/${MAC}/subnet-ipv4-cidr-block`),
  "sysctl --quiet --write net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.ens6.send_redirects=0 net.ipv4.conf.ens6.rp_filter=2",
  "ip link set dev ens6 mtu 9001 up",
  "ip -4 address replace 10.40.0.20/24 dev ens6 noprefixroute",
  "ip -4 route replace 10.40.0.0/24 dev ens6 scope link src 10.40.0.20 table 7317",
  "ip -4 route replace 10.40.0.0/16 via 10.40.0.1 dev ens6 onlink src 10.40.0.20 table 7317",
  "ip -4 route replace default via 10.40.0.1 dev ens6 onlink src 10.40.0.20 metric 1000 table 7317",
  "ip -4 route replace unreachable default metric 4294967295 table 7317",
  "ip -4 rule show priority 7317",
  "ip -4 rule delete priority 7317",
  "ip -4 rule add priority 7317 from all iif ens6 lookup 7317",
  "ip -4 rule show priority 7318",
  "ip -4 rule delete priority 7318",
  "ip -4 rule add priority 7318 from 10.40.0.20 lookup 7317",
  "ip -4 rule show priority 7319",
  "ip -4 rule delete priority 7319",
  "ip -4 rule add priority 7319 from all fwmark 0x1c95 lookup 7317",
  "nft --file -",
  "sysctl --quiet --write net.ipv4.ip_forward=1",
  "install -d /run/slipway-nat",
  "tee /run/slipway-nat/address",
  log(
    "notice",
    `Traffic that arrives on ens6 (${NETWORK_INTERFACE}) leaves through it with source address 10.40.0.20.`,
  ),
];

const SWAP = [
  "install -m 0600 /dev/null /swapfile",
  "dd if=/dev/zero of=/swapfile bs=1M count=1024 status=none",
  "mkswap /swapfile",
  "swapon /swapfile",
  "tee --append /etc/fstab",
];

const INSTALLED = [
  "install -d /etc/systemd/network /etc/systemd/networkd.conf.d",
  "tee /etc/systemd/network/10-slipway-nat.network",
  "tee /etc/systemd/networkd.conf.d/10-slipway-nat.conf",
  "systemctl try-restart systemd-networkd.service",
  "install -m 0700 /user-data /usr/local/sbin/slipway-nat",
];

const ENABLED = [
  "tee /etc/systemd/system/slipway-nat.service",
  "tee /etc/systemd/system/slipway-nat-probe.service",
  "tee /etc/systemd/system/slipway-nat-probe.timer",
  "systemctl daemon-reload",
  "systemctl enable --now slipway-nat.service slipway-nat-probe.timer",
];

const DNF = "dnf install --assumeyes --quiet nftables";
const HOOK_CALLED = "timeout --kill-after=10 300 /usr/local/sbin/slipway-nat-boot-hook";
const HOOK_RAN = log("notice", "The boot hook has run.");
const HOOK = `#!/bin/bash
echo "$INTERFACE $ADDRESS $GATEWAY $ROUTE_TABLE" >"$FOLDER/hook"
# $(not expanded) 'nor' \`this\`
`;

describe("the NAT instance's boot, with stand-ins for what it calls", function () {
  this.timeout(60_000);
  let instance: Instance | undefined;
  const create = (options: InstanceOptions = {}): Instance => {
    instance = createInstance(options);
    return instance;
  };
  afterEach(() => instance?.remove());

  it("installs at the first boot what is started at each", () => {
    const it = create({ bootHook: HOOK });
    expect(it.run()).to.deep.equal({
      status: 0,
      calls: [
        ...SWAP,
        ...INSTALLED,
        "install -m 0700 /dev/null /usr/local/sbin/slipway-nat-boot-hook",
        "tee /usr/local/sbin/slipway-nat-boot-hook",
        ...ENABLED,
      ],
    });
    expect(it.read("usr/local/sbin/slipway-nat-boot-hook")).to.equal(HOOK);
    expect(it.read("usr/local/sbin/slipway-nat")).to.equal(it.read("user-data"));
    expect(it.read("etc/fstab")).to.equal("/swapfile none swap defaults 0 0\n");
    expect(it.read("etc/systemd/network/10-slipway-nat.network")).to.equal(
      `[Match]\nMACAddress=${MAC}\n[Link]\nUnmanaged=yes\n`,
    );
    expect(it.read("etc/systemd/networkd.conf.d/10-slipway-nat.conf")).to.equal(
      "[Network]\nManageForeignRoutes=no\nManageForeignRoutingPolicyRules=no\n",
    );
    expect(it.read("etc/systemd/system/slipway-nat.service").split("\n")).to.include.members([
      "After=network-online.target",
      "StartLimitIntervalSec=0",
      "RemainAfterExit=yes",
      "ExecStart=/usr/local/sbin/slipway-nat start",
      "Restart=on-failure",
      "RestartSec=30",
      "WantedBy=multi-user.target",
    ]);
    expect(it.read("etc/systemd/system/slipway-nat-probe.service").split("\n")).to.include.members([
      "After=slipway-nat.service",
      "ExecStart=/usr/local/sbin/slipway-nat probe",
    ]);
    expect(it.read("etc/systemd/system/slipway-nat-probe.timer").split("\n")).to.include.members([
      "OnActiveSec=60",
      "OnUnitInactiveSec=60",
      "WantedBy=timers.target",
    ]);
  });

  it("makes no swap file where memory is enough, and no boot hook where there is none", () => {
    expect(create({ memory: 1048576 }).run()).to.deep.equal({ status: 0, calls: [...INSTALLED, ...ENABLED] });
  });

  it("leaves a swap file alone that an image brings", () => {
    const it = create();
    it.write("swapfile", "");
    expect(it.run()).to.deep.equal({ status: 0, calls: [...INSTALLED, ...ENABLED] });
  });

  it("attaches the interface, finds it by its MAC address, configures it and runs the hook", () => {
    const it = create({
      bootHook: HOOK,
      absent: ["nft"],
      behaviour: { dnf: 'mv "$FOLDER/absent/nft" "$FOLDER/bin/"' },
    });
    it.run();
    expect(it.run("start")).to.deep.equal({
      status: 0,
      calls: [DNF, ...ATTACHED, ...CONFIGURED, HOOK_CALLED, HOOK_RAN],
    });
    expect(it.read("hook")).to.equal("ens6 10.40.0.20 10.40.0.1 7317\n");
    expect(it.read("run/slipway-nat/address")).to.equal("10.40.0.20\n");
    expect(it.read("ruleset").split("\n").slice(0, 2)).to.deep.equal(["table ip slipway", "delete table ip slipway"]);
    expect(it.read("ruleset").match(/.*(name "ens6"|name != "ens6").*/g)).to.deep.equal([
      '    iifname "ens6" ct state new ct mark set 0x1c95',
      '    iifname != "ens6" ct mark 0x1c95 meta mark set 0x1c95',
      '    iifname "ens6" masquerade',
      '    oifname != "ens6" ip saddr 10.40.0.20 masquerade',
      '    iifname "ens6" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu',
      '    iifname "ens6" ct state new drop',
    ]);
  });

  it("finds after a reboot that the interface is there, and the rules that are missing alone", () => {
    const rules = `case "$*" in
      *"rule show priority 7317") echo "7317:	from all iif ens6 lookup 7317" ;;
      *"rule delete"*) exit 2 ;;
    esac`;
    const it = create({ behaviour: { ip: rules } });
    it.write(`sys/class/net/ens6/address`, `${MAC}\n`);
    expect(it.run("start")).to.deep.equal({
      status: 0,
      calls: CONFIGURED.filter((call) => !/rule (delete|add).* priority 7317/.test(call)),
    });
  });

  it("tries again while the former instance holds the interface", () => {
    const error = `An error occurred (InvalidParameterValue): Interface: [${NETWORK_INTERFACE}] in use.`;
    const aws = `if ((CALLS < 3)); then echo "${error}" >&2; exit 254; fi; ${ATTACH}`;
    const refused = (times: number) => [
      ...attempt,
      log("warning", `${NETWORK_INTERFACE} cannot be attached to ${INSTANCE} yet: ${error}`),
      log("warning", `Attempt ${times} of 60 failed: attach_once`),
      "sleep 5",
    ];
    expect(create({ behaviour: { aws } }).run("start")).to.deep.equal({
      status: 0,
      calls: [...refused(1), ...refused(2), ...ATTACHED, ...CONFIGURED],
    });
  });

  it("waits for an interface that the kernel shows later, and for the metadata service to know it", () => {
    const sleep = `if ((CALLS == 2)); then ${ATTACH}; fi`;
    const curl = `if [[ "$*" == *local-ipv4s* ]] && ((CALLS < 7)); then exit 22; fi\n${IMDS}`;
    const wait = (times: number, what: string) => [log("warning", `Attempt ${times} of 30 failed: ${what}`), "sleep 2"];
    const path = `network/interfaces/macs/${MAC}/local-ipv4s`;
    expect(create({ behaviour: { aws: "", sleep, curl } }).run("start")).to.deep.equal({
      status: 0,
      calls: [
        ...ATTACHED,
        ...wait(1, "find_interface"),
        ...wait(2, "find_interface"),
        ...imds(path),
        ...wait(1, `imds ${path}`),
        ...imds(path),
        ...wait(2, `imds ${path}`),
        ...CONFIGURED,
      ],
    });
  });

  it("fails where the interface does not turn up, and touches no other", () => {
    const { status, calls } = create({ behaviour: { aws: "" }, bootHook: HOOK }).run("start");
    const attempts = Array.from({ length: 30 }, (_, index) => [
      log("warning", `Attempt ${index + 1} of 30 failed: find_interface`),
      ...(index < 29 ? ["sleep 2"] : []),
    ]).flat();
    expect(status).to.equal(1);
    expect(calls.slice(0, -1)).to.deep.equal([
      ...ATTACHED,
      ...attempts,
      log("err", "Gave up after 30 attempts: find_interface"),
    ]);
    expect(calls.at(-1)).to.match(/^logger .*user\.err -- Line \d+ failed: /);
  });

  it("goes on when the hook fails", () => {
    const it = create({ bootHook: "#!/bin/bash\nexit 3\n" });
    it.run();
    expect(it.run("start")).to.deep.equal({
      status: 0,
      calls: [
        ...ATTACHED,
        ...CONFIGURED,
        HOOK_CALLED,
        log(
          "err",
          "The boot hook failed with exit code 3 (124 means that it timed out after five minutes). The instance continues without it.",
        ),
      ],
    });
  });

  it("fails where nftables cannot be installed, so that systemd tries again", () => {
    const { status, calls } = create({ absent: ["nft"], behaviour: { dnf: "exit 1" } }).run("start");
    const attempts = [1, 2, 3, 4, 5].flatMap((times) => [
      DNF,
      log("warning", `Attempt ${times} of 5 failed: ${DNF}`),
      ...(times < 5 ? ["sleep 15"] : []),
    ]);
    expect(status).to.equal(1);
    expect(calls.slice(0, -1)).to.deep.equal([...attempts, log("err", `Gave up after 5 attempts: ${DNF}`)]);
  });
});
