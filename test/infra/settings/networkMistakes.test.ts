import { expect } from "chai";
import {
  beijing,
  type Files,
  mistakesOf,
  type Raw,
  storefront,
  withImage,
  withInstance,
  withKeys,
  withNetwork,
} from "../configurations";

/** Networks of which none can be merged with another. */
const apart = (count: number): string[] => Array.from({ length: count }, (_, index) => `11.${2 * index}.0.0/16`);

const withoutEgress = (endpoints: string[], more: Raw = {}): Raw => ({
  ...withNetwork({ egress: "none", endpoints }),
  ...more,
});

const FOR_TASKS = ["s3", "ecr.api", "ecr.dkr", "logs"];
const NEEDED = "which tasks and functions need if egress is none";

/** A configuration, and all lines that it gives. */
const MISTAKES: [title: string, raw: Raw, ...lines: string[]][] = [
  [
    "text where a network belongs",
    withKeys({ "slipway:network": "10.20.0.0/16" }),
    'slipway:network: "10.20.0.0/16" is not a map of settings; allowed: cidr, availabilityZones, egress, endpoints, routesPerTable, natInstance',
  ],
  [
    "a range that is no network",
    withNetwork({ cidr: "10.20.0.256/16" }),
    'slipway:network.cidr: "10.20.0.256/16" is not an IPv4 network for a VPC; allowed: a network of /16 to /22, such as 10.20.0.0/16',
  ],
  [
    "a range too small for its subnets",
    withNetwork({ cidr: "10.20.0.0/23" }),
    'slipway:network.cidr: "10.20.0.0/23" is not an IPv4 network for a VPC; allowed: a network of /16 to /22, such as 10.20.0.0/16',
  ],
  [
    "a range with bits beyond its prefix",
    withNetwork({ cidr: "10.20.7.0/22" }),
    'slipway:network.cidr: "10.20.7.0/22" is not the first address of its network; allowed: 10.20.4.0/22',
  ],
  [
    "one availability zone",
    withNetwork({ availabilityZones: 1 }),
    "slipway:network.availabilityZones: 1 is not a number of availability zones; allowed: 2 to 4",
  ],
  [
    "an availability zone of another region",
    withNetwork({ availabilityZones: ["us-east-1a", "us-west-2b"] }),
    'slipway:network.availabilityZones[1]: "us-west-2b" is not an availability zone; allowed: us-east-1 and a letter, such as us-east-1a',
  ],
  [
    "an availability zone by its letter",
    withNetwork({ availabilityZones: ["a", "b"] }),
    'slipway:network.availabilityZones[0]: "a" is not an availability zone; allowed: us-east-1 and a letter, such as us-east-1a',
    'slipway:network.availabilityZones[1]: "b" is not an availability zone; allowed: us-east-1 and a letter, such as us-east-1a',
  ],
  [
    "one availability zone twice",
    withNetwork({ availabilityZones: ["us-east-1a", "us-east-1a"] }),
    'slipway:network.availabilityZones[1]: "us-east-1a" is already used by slipway:network.availabilityZones[0]; allowed: each value once',
  ],
  [
    "a way out that nobody planned",
    withNetwork({ egress: "vpn" }),
    'slipway:network.egress: "vpn" is not an egress for private subnets; allowed: nat-gateway, nat-gateway-per-zone, nat-instance, none',
  ],
  [
    "more availability zones than Beijing has",
    { ...beijing, "slipway:network": { availabilityZones: 4 } },
    "slipway:network.availabilityZones: 4 is not a number of availability zones; allowed: 2 to 3",
  ],
  [
    "an availability zone that Beijing does not have",
    { ...beijing, "slipway:network": { availabilityZones: ["cn-north-1a", "cn-north-1c"] } },
    'slipway:network.availabilityZones[1]: "cn-north-1c" is not an availability zone; allowed: cn-north-1a, cn-north-1b, cn-north-1d',
  ],
  [
    "an availability zone that Ningxia does not have",
    { ...beijing, "aws:region": "cn-northwest-1", "slipway:network": { availabilityZones: ["cn-northwest-1a", "d"] } },
    'slipway:network.availabilityZones[1]: "d" is not an availability zone; allowed: cn-northwest-1a, cn-northwest-1b, cn-northwest-1c',
  ],
  [
    "an endpoint of a service that nothing here calls",
    withNetwork({ endpoints: ["s3", "ec2"] }),
    'slipway:network.endpoints[1]: "ec2" is not a service with a VPC endpoint; allowed: s3, dynamodb, ecr.api, ecr.dkr, logs, secretsmanager, ssm, sqs, sns, codepipeline',
  ],
  [
    "an endpoint twice",
    withNetwork({ endpoints: ["s3", "logs", "s3"] }),
    'slipway:network.endpoints[2]: "s3" is already used by slipway:network.endpoints[0]; allowed: each value once',
  ],
  [
    "a smaller quota than AWS has",
    withNetwork({ routesPerTable: 49 }),
    "slipway:network.routesPerTable: 49 is not a quota of routes per route table; allowed: 50 to 1000",
  ],
  [
    "an unknown key of the NAT instance",
    withInstance({ cidrs: [] }),
    "slipway:network.natInstance.cidrs: is not a setting; allowed: githubCidrs, extraCidrs, instanceType, ami, bootHook",
  ],
  [
    "a destination that is no network",
    withInstance({ githubCidrs: ["github.com", "20.205.243.166", "20.205.243.166/33", "2606:50c0::/32"] }),
    ...["github.com", "20.205.243.166", "20.205.243.166/33", "2606:50c0::/32"].map(
      (cidr, index) =>
        `slipway:network.natInstance.githubCidrs[${index}]: "${cidr}" is not an IPv4 network; allowed: a network of /8 to /32, such as 203.0.113.0/24`,
    ),
  ],
  [
    "a destination by one of its addresses",
    withInstance({ extraCidrs: ["203.0.113.129/25", "203.0.113.1/31"] }),
    'slipway:network.natInstance.extraCidrs[0]: "203.0.113.129/25" is not the first address of its network; allowed: 203.0.113.128/25',
    'slipway:network.natInstance.extraCidrs[1]: "203.0.113.1/31" is not the first address of its network; allowed: 203.0.113.0/31',
  ],
  [
    "everything as a destination",
    withInstance({ githubCidrs: ["0.0.0.0/0"] }),
    'slipway:network.natInstance.githubCidrs[0]: "0.0.0.0/0" means all traffic; use egress: nat-instance instead',
  ],
  [
    "half of everything as a destination",
    withInstance({ githubCidrs: ["128.0.0.0/1"] }),
    'slipway:network.natInstance.githubCidrs[0]: "128.0.0.0/1" is not an IPv4 network; allowed: a network of /8 to /32, such as 203.0.113.0/24',
  ],
  [
    "destinations inside the VPC",
    withInstance({ githubCidrs: ["10.20.0.0/16"], extraCidrs: ["10.0.0.0/8", "10.20.4.0/24"] }),
    'slipway:network.natInstance.githubCidrs[0]: "10.20.0.0/16" is inside 10.20.0.0/16, the VPC\'s own range, whose traffic never leaves the VPC; remove it',
    'slipway:network.natInstance.extraCidrs[1]: "10.20.4.0/24" is inside 10.20.0.0/16, the VPC\'s own range, whose traffic never leaves the VPC; remove it',
  ],
  [
    "a NAT instance without routes",
    withInstance({ githubCidrs: [] }),
    "slipway:network.natInstance: has no routes; add networks to githubCidrs or extraCidrs, or send all traffic through it with egress: nat-instance",
  ],
  [
    "destinations where everything goes through the instance",
    withInstance({ githubCidrs: [], extraCidrs: ["203.0.113.0/24"] }, { egress: "nat-instance" }),
    "slipway:network.natInstance.githubCidrs: egress: nat-instance already sends all traffic through the instance; remove it",
    "slipway:network.natInstance.extraCidrs: egress: nat-instance already sends all traffic through the instance; remove it",
  ],
  [
    "one route more than a table takes",
    withInstance({ githubCidrs: apart(49) }),
    'slipway:network.natInstance: 49 networks and 2 other routes make 51 routes in a route table; allowed: 50. Use wider networks, or set routesPerTable to your quota "Routes per route table", which AWS raises on request',
  ],
  [
    "one route more than a table takes beside the endpoint of S3",
    withInstance({ githubCidrs: apart(40), extraCidrs: ["12.0.0.0/9", ...apart(48).slice(40)] }, { endpoints: ["s3"] }),
    'slipway:network.natInstance: 49 networks and 3 other routes make 52 routes in a route table; allowed: 50. Use wider networks, or set routesPerTable to your quota "Routes per route table", which AWS raises on request',
  ],
  [
    "one route more than a table takes beside both gateway endpoints",
    withInstance({ githubCidrs: apart(47) }, { endpoints: ["dynamodb", "s3", "sqs"] }),
    'slipway:network.natInstance: 47 networks and 4 other routes make 51 routes in a route table; allowed: 50. Use wider networks, or set routesPerTable to your quota "Routes per route table", which AWS raises on request',
  ],
  [
    "one route more than the account's own quota",
    withInstance({ githubCidrs: apart(99) }, { routesPerTable: 100 }),
    'slipway:network.natInstance: 99 networks and 2 other routes make 101 routes in a route table; allowed: 100. Use wider networks, or set routesPerTable to your quota "Routes per route table", which AWS raises on request',
  ],
  [
    "an AMI by its name",
    withInstance({ ami: "al2023-ami-kernel-default-arm64" }),
    'slipway:network.natInstance.ami: "al2023-ami-kernel-default-arm64" is not an AMI; allowed: its id, such as ami-0123456789abcdef0',
  ],
  [
    "a boot hook outside the project",
    withInstance({ bootHook: "../vpn.sh" }),
    'slipway:network.natInstance.bootHook: "../vpn.sh" is not a path beside Pulumi.yaml; allowed: a relative path of letters, digits and . _ - /, without a .. segment',
  ],
  [
    "no way out at all, which tasks cannot do without",
    withoutEgress([]),
    `slipway:network.endpoints: lacks s3, ecr.api, ecr.dkr, logs, ${NEEDED}; add them`,
  ],
  [
    "no way to what keeps the tasks' secrets",
    withoutEgress(["s3", "ecr.api", "logs"], {
      "slipway:applications": [
        {
          ...storefront,
          services: [{ name: "mail", command: ["mail"], secrets: { URL: "mail/url" } }],
          migrate: { command: ["migrate"] },
          task: { secrets: { KEY: "arn:aws:ssm:us-east-1:123456789012:parameter/key" } },
        },
      ],
    }),
    `slipway:network.endpoints: lacks ecr.dkr, secretsmanager, ssm, ${NEEDED}; add them`,
  ],
  [
    "no way to what the functions in the VPC call",
    withoutEgress(["s3", "ecr.api", "ecr.dkr", "logs", "sqs"], {
      "slipway:network": { egress: "none", endpoints: FOR_TASKS, natInstance: {} },
      "slipway:forges": { github: { token: "forges:github" } },
    }),
    `slipway:network.endpoints: lacks sqs, sns, codepipeline, secretsmanager, ${NEEDED}; add them`,
  ],
  [
    "no way to the forge in China",
    { ...beijing, "slipway:network": { egress: "none", endpoints: [...FOR_TASKS, "sqs"] } },
    'slipway:network.egress: with "none", the functions that fetch pushes cannot reach the forge; allowed: another egress, or natInstance in addition',
    `slipway:network.endpoints: lacks sns, codepipeline, ${NEEDED}; add them`,
  ],
];

const SOUND: [title: string, raw: Raw][] = [
  ["as many routes as a table takes", withInstance({ githubCidrs: apart(48) })],
  [
    "as many routes as a table takes beside the endpoint of S3",
    withInstance({ githubCidrs: apart(47) }, { endpoints: ["s3"] }),
  ],
  ["as many routes as the account's own quota", withInstance({ githubCidrs: apart(98) }, { routesPerTable: 100 })],
  ["more destinations than routes, once they are merged", withInstance({ githubCidrs: ["11.0.0.0/8", ...apart(99)] })],
  [
    "one route more where no way out takes one",
    withInstance(
      { githubCidrs: apart(48) },
      { egress: "none", endpoints: [...FOR_TASKS, "sqs", "sns", "codepipeline"] },
    ),
  ],
  ["no way out, outside China, where functions are outside the VPC", withoutEgress(FOR_TASKS)],
  [
    "no way out in China where no pushes are fetched",
    { ...withImage({}), "aws:region": "cn-north-1", "slipway:network": { egress: "none", endpoints: FOR_TASKS } },
  ],
  [
    "GitHub's routes and endpoints as the only ways out in China",
    {
      ...beijing,
      "slipway:network": { egress: "none", endpoints: [...FOR_TASKS, "sqs", "sns", "codepipeline"], natInstance: {} },
    },
  ],
  ["all zones of Beijing", { ...beijing, "slipway:network": { availabilityZones: ["cn-north-1b", "cn-north-1d"] } }],
  ["a network without an instance's settings", withKeys({ "slipway:network": { egress: "nat-instance" } })],
];

const EXAMPLES = "one of a family with g after its generation, such as t4g.micro or c7gn.large";
const TYPES: [type: string, graviton: boolean][] = [
  ["t4g.micro", true],
  ["c7gn.large", true],
  ["im4gn.16xlarge", true],
  ["is4gen.medium", true],
  ["m8g.metal-24xl", true],
  ["t3.micro", false],
  ["g4dn.xlarge", false],
  ["c7i.large", false],
  ["p5en.48xlarge", false],
  ["t4g", false],
  ["T4g.micro", false],
];

const HOOKS: [title: string, files: Files, line: string | undefined][] = [
  ["a script", { "vpn.sh": "#!/bin/bash\ntrue\n" }, undefined],
  ["a script of 4 KiB", { "vpn.sh": `#!/bin/sh\n${"x".repeat(4086)}` }, undefined],
  ["no file", {}, "cannot be read (ENOENT); allowed: the path of a script beside Pulumi.yaml"],
  ["an empty file", { "vpn.sh": "" }, "does not begin with #!; allowed: a script such as #!/bin/bash"],
  ["commands", { "vpn.sh": "true\n#!/bin/bash\n" }, "does not begin with #!; allowed: a script such as #!/bin/bash"],
  [
    "a script of Windows",
    { "vpn.sh": "#!/bin/bash\r\ntrue\r\n" },
    "has Windows line endings, which shells do not accept; save it with LF",
  ],
  [
    "a script of one byte more than 4 KiB",
    { "vpn.sh": `#!/bin/sh\n${"x".repeat(4085)}é` },
    "has 4097 bytes; allowed: 4096, so have it download the rest",
  ],
];

describe("the configuration of a network", () => {
  for (const [title, raw, ...lines] of MISTAKES)
    it(`refuses ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal(lines);
    });

  for (const [title, raw] of SOUND)
    it(`takes ${title}`, () => {
      expect(mistakesOf(raw)).to.deep.equal([]);
    });

  for (const [type, graviton] of TYPES)
    it(`${graviton ? "takes" : "refuses"} the instance type ${type}`, () => {
      const path = "slipway:network.natInstance.instanceType";
      expect(mistakesOf(withInstance({ instanceType: type }))).to.deep.equal(
        graviton ? [] : [`${path}: "${type}" is not a Graviton instance type; allowed: ${EXAMPLES}`],
      );
    });

  for (const [title, files, line] of HOOKS)
    it(`${line === undefined ? "takes" : "refuses"} a boot hook that is ${title}`, () => {
      expect(mistakesOf(withInstance({ bootHook: "vpn.sh" }), [], files)).to.deep.equal(
        line === undefined ? [] : [`slipway:network.natInstance.bootHook: "vpn.sh" ${line}`],
      );
    });
});
