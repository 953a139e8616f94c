import { expect } from "chai";
import github from "../../infra/settings/githubCidrs.json";
import type { Program } from "../../rehearsal/program";
import { countTypes, resourcesOf } from "./resourceTypes";
import { ofType, optionsOf, ROTATED, resource, stackBeijing, stackNingxia } from "./support";

const STACKS: [region: "cn-north-1" | "cn-northwest-1", stack: () => Promise<Program>, cidr: string][] = [
  ["cn-north-1", stackBeijing, "10.40.0.0/16"],
  ["cn-northwest-1", stackNingxia, "10.50.0.0/16"],
];

const TRACKED = { forge: "github", repository: "acme/storefront", branch: "main", application: "storefront" };
const PUSHES = "https://sqs.example/slipway-pushes-0000000.fifo";
const inVpc = (name: string) => ({
  subnetIds: ["subnet-private-a", "subnet-private-b"],
  securityGroupIds: [`${name}-function-id`],
});

for (const [region, stack, cidr] of STACKS)
  describe(`the program for stack ${region}`, () => {
    let program: Program;
    before(async () => {
      program = await stack();
    });
    const environment = { "cn-north-1": "beijing", "cn-northwest-1": "ningxia" }[region];
    const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;
    const arnOf = (service: string, name: string) => `arn:aws-cn:${service}:${region}:123456789012:${name}-0000000`;

    it("warns of nothing", () => {
      expect(program.warnings).to.deep.equal([]);
    });

    it("registers these resources, and no other", () => {
      expect(countTypes(program)).to.deep.equal(resourcesOf(region));
    });

    it("gives each resource a URN of its own", () => {
      expect(new Set(program.registrations.map(({ urn }) => urn)).size).to.equal(program.registrations.length);
    });

    it("has the zones that it is told", () => {
      const { natGateways: _, ...vpc } = inputsOf("awsx:ec2:Vpc", "slipway-vpc");
      expect(vpc).to.deep.equal({
        cidrBlock: cidr,
        availabilityZoneNames: [`${region}a`, `${region}b`],
        subnetStrategy: "Auto",
        enableDnsHostnames: true,
      });
    });

    it("reaches S3 by a gateway, from each private subnet", () => {
      expect(inputsOf("aws:ec2/vpcEndpoint:VpcEndpoint", "slipway-s3")).to.deep.equal({
        vpcId: "vpc-0",
        serviceName: `com.amazonaws.${region}.s3`,
        vpcEndpointType: "Gateway",
        routeTableIds: ["rtb-of-subnet-private-a", "rtb-of-subnet-private-b"],
      });
    });

    it("puts the NAT instance's interface into a public subnet, where it masks packets of others", () => {
      const { subnetId, sourceDestCheck } = inputsOf("aws:ec2/networkInterface:NetworkInterface", "slipway-nat");
      expect({ subnetId, sourceDestCheck }).to.deep.equal({ subnetId: "subnet-public-a", sourceDestCheck: false });
    });

    it("runs fetch in the private subnets", () => {
      const { vpcConfig } = inputsOf("aws:lambda/function:Function", "slipway-fetch-function");
      expect(vpcConfig).to.deep.equal(inVpc("slipway-fetch"));
      expect(optionsOf(program, "slipway-fetch")).to.deep.equal({
        bucket: "slipway-archives-bucket-0000000",
        queueUrl: PUSHES,
        deadLetterUrl: "https://sqs.example/slipway-dead-letters-0000000.fifo",
        topicArn: arnOf("sns", "slipway-alerts"),
        environment,
        forges: { github: { url: "https://github.com" } },
        sources: [
          { ...TRACKED, key: "storefront/source.zip", pipeline: `${environment}-storefront`, overridable: false },
        ],
      });
    });

    it("lets functions in the VPC out to HTTPS, and nobody in", () => {
      expect(
        inputsOf("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "slipway-fetch-function-443"),
      ).to.deep.equal({
        securityGroupId: "slipway-fetch-function-id",
        ipProtocol: "tcp",
        fromPort: 443,
        toPort: 443,
        cidrIpv4: "0.0.0.0/0",
      });
      const others = (type: string) =>
        [...ofType(program, type).values()].filter(
          ({ inputs }) => inputs.securityGroupId === "slipway-fetch-function-id",
        );
      expect(others("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")).to.have.length(1);
      expect(others("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")).to.deep.equal([]);
      expect(inputsOf("aws:ec2/securityGroup:SecurityGroup", "slipway-fetch-function")).to.not.have.any.keys(
        "ingress",
        "egress",
      );
    });

    it("keeps a function's role and policies on destroy until Lambda has released its network interfaces", () => {
      const functions = [...ofType(program, "aws:lambda/function:Function").values()].filter(
        ({ inputs }) => inputs.vpcConfig !== undefined,
      );
      const names = functions.map(({ name }) => name.replace(/-function$/, ""));
      expect(names.sort()).to.deep.equal(["slipway-fetch", "slipway-poll"]);
      for (const name of names) {
        const [created, group, policy, role] = [
          resource(program, "aws:lambda/function:Function", `${name}-function`),
          resource(program, "aws:ec2/securityGroup:SecurityGroup", `${name}-function`),
          resource(program, "aws:iam/rolePolicy:RolePolicy", `${name}-network-policy`),
          resource(program, "aws:iam/role:Role", `${name}-role`),
        ];
        // Pulumi deletes what depends on a resource before the resource itself.
        expect(created.dependencies, name).to.include(group.urn);
        expect(group.dependencies, name).to.include(policy.urn);
        expect(policy.dependencies, name).to.include(role.urn);
        expect(policy.inputs.role, name).to.equal(role.inputs.name ?? `${name}-role-0000000`);
      }
    });

    it("builds on the base images that are mirrored in its region", () => {
      const { environment } = inputsOf("aws:codebuild/project:Project", "storefront-build-project") as {
        environment: { environmentVariables: { name: string; value: string }[] };
      };
      const registries = environment.environmentVariables.filter(({ name }) => name.endsWith("REGISTRY"));
      expect(registries).to.deep.equal([
        {
          name: "BASE_IMAGE_REGISTRY",
          value: `123456789012.dkr.ecr.${region}.amazonaws.com.cn/mirror`,
          type: "PLAINTEXT",
        },
      ]);
    });

    it("tells the address that GitHub sees, and the instance's role", () => {
      expect(program.outputs.natInstance).to.deep.equal({
        publicIp: "203.0.113.10",
        role: arnOf("iam", "slipway-nat-role"),
      });
    });
  });

const outside = (program: Program) =>
  [...ofType(program, "aws:lambda/function:Function").values()]
    .filter(({ inputs }) => inputs.vpcConfig === undefined)
    .map(({ name }) => name)
    .sort();

/** What watches the others, and sends notices. */
const WATCHING = ["slipway-notices", "slipway-scheduled-tasks", "slipway-service-check"];
const APPLICATION = ["storefront-deploy", "storefront-migrate", "storefront-schedules", "storefront-tag"];

const routesOf = (program: Program) => [...ofType(program, "aws:ec2/route:Route").values()].map(({ inputs }) => inputs);

describe("stack cn-north-1", () => {
  let program: Program;
  before(async () => {
    program = await stackBeijing();
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;

  it("leads GitHub's networks through the instance, and the rest through a NAT gateway", () => {
    expect(inputsOf("awsx:ec2:Vpc", "slipway-vpc").natGateways).to.deep.equal({ strategy: "Single" });
    const { entries, ...list } = inputsOf("aws:ec2/managedPrefixList:ManagedPrefixList", "slipway-nat") as {
      entries: { cidr: string }[];
      maxEntries: number;
    };
    expect(entries.map(({ cidr }) => cidr)).to.deep.equal(github.cidrs);
    expect(list).to.deep.equal({ addressFamily: "IPv4", maxEntries: github.cidrs.length });
    expect(routesOf(program)).to.deep.equal(
      ["rtb-of-subnet-private-a", "rtb-of-subnet-private-b"].map((routeTableId) => ({
        routeTableId,
        destinationPrefixListId: "slipway-nat-id",
        networkInterfaceId: "slipway-nat-id",
      })),
    );
  });

  it("asks for its branches every minute, from the private subnets", () => {
    const { vpcConfig, timeout, memorySize } = inputsOf("aws:lambda/function:Function", "slipway-poll-function");
    expect({ vpcConfig, timeout, memorySize }).to.deep.equal({
      vpcConfig: inVpc("slipway-poll"),
      timeout: 55,
      memorySize: 256,
    });
    expect(optionsOf(program, "slipway-poll")).to.deep.equal({
      bucket: "slipway-archives-bucket-0000000",
      key: "poll/enqueued.json",
      queueUrl: PUSHES,
      forges: { github: { url: "https://github.com" } },
      sources: [{ ...TRACKED, key: "storefront/source.zip" }],
    });
    expect(inputsOf("aws:cloudwatch/eventRule:EventRule", "slipway-poll")).to.deep.equal({
      scheduleExpression: "rate(1 minute)",
    });
    expect(inputsOf("aws:cloudwatch/eventTarget:EventTarget", "slipway-poll")).to.deep.equal({
      rule: "slipway-poll-0000000",
      arn: "arn:aws-cn:lambda:cn-north-1:123456789012:slipway-poll-function-0000000",
    });
    expect(inputsOf("aws:lambda/permission:Permission", "slipway-poll")).to.deep.equal({
      action: "lambda:InvokeFunction",
      function: "slipway-poll-function-0000000",
      principal: "events.amazonaws.com",
      sourceArn: "arn:aws-cn:cloudwatch:cn-north-1:123456789012:slipway-poll-0000000",
    });
    expect(inputsOf("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "slipway-poll")).to.deep.equal({
      functionName: "slipway-poll-function-0000000",
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 60,
    });
  });

  it("tells poll of a branch once fetch knows it", () => {
    const { dependencies } = resource(program, "aws:lambda/function:Function", "slipway-poll-function");
    expect(dependencies).to.include(resource(program, "aws:lambda/function:Function", "slipway-fetch-function").urn);
  });

  it("raises no alarm for polls that fail for a few minutes", () => {
    const alarms = [...ofType(program, "aws:cloudwatch/metricAlarm:MetricAlarm").values()];
    const patient = alarms.filter(({ inputs }) => inputs.evaluationPeriods !== 1);
    expect(patient.map(({ name, inputs }) => [name, inputs.evaluationPeriods]).sort()).to.deep.equal([
      ["slipway-load-balancer-errors", 2],
      ["slipway-poll-errors", 3],
      ["slipway-service-check-errors", 3],
      ["slipway-waiting", 6],
      ["storefront-web-missing-tasks", 5],
      ["storefront-web-unhealthy", 2],
      ["storefront-worker-missing-tasks", 5],
    ]);
  });

  it("has nothing that anybody could call", () => {
    expect(
      program.registrations.filter(({ type }) => /apigatewayv2|secretsmanager|infra:Webhook/.test(type)),
    ).to.deep.equal([]);
    expect(program.outputs).to.not.have.any.keys("webhookUrls", "webhookSecrets");
  });

  it("leaves every function outside of the VPC that speaks to AWS alone", () => {
    expect(outside(program)).to.deep.equal([...WATCHING, ...APPLICATION].map((name) => `${name}-function`));
  });
});

describe("stack cn-northwest-1", () => {
  let program: Program;
  before(async () => {
    program = await stackNingxia();
  });

  it("leads everything through the instance, without a NAT gateway", () => {
    expect(resource(program, "awsx:ec2:Vpc", "slipway-vpc").inputs.natGateways).to.deep.equal({ strategy: "None" });
    expect(resource(program, "aws:ec2/managedPrefixList:ManagedPrefixList", "slipway-nat").inputs).to.deep.equal({
      addressFamily: "IPv4",
      maxEntries: 2,
      entries: [{ cidr: "0.0.0.0/1" }, { cidr: "128.0.0.0/1" }],
    });
    expect(routesOf(program)).to.deep.equal(
      ["rtb-of-subnet-private-a", "rtb-of-subnet-private-b"].map((routeTableId) => ({
        routeTableId,
        destinationPrefixListId: "slipway-nat-id",
        networkInterfaceId: "slipway-nat-id",
      })),
    );
  });

  it("takes webhooks, and asks for its branches every five minutes", () => {
    expect(program.outputs).to.deep.include({
      webhookUrls: { "github/acme/storefront": "https://api.example/webhooks/github/acme/storefront" },
      webhookSecrets: { "github/acme/storefront": ROTATED },
    });
    expect(program.secretOutputs).to.deep.equal(["webhookSecrets"]);
    expect(optionsOf(program, "slipway-webhook")).to.deep.equal({
      secretArn: "arn:aws-cn:secretsmanager:cn-northwest-1:123456789012:slipway-webhooks-0000000",
      queueUrl: PUSHES,
      sources: [TRACKED],
    });
    expect(resource(program, "aws:cloudwatch/eventRule:EventRule", "slipway-poll").inputs).to.deep.equal({
      scheduleExpression: "rate(5 minutes)",
    });
    expect(resource(program, "aws:lambda/function:Function", "slipway-poll-function").inputs.vpcConfig).to.deep.equal(
      inVpc("slipway-poll"),
    );
  });

  it("leaves every function outside of the VPC that speaks to AWS alone", () => {
    expect(outside(program)).to.deep.equal(
      [...WATCHING, "slipway-webhook", ...APPLICATION].map((name) => `${name}-function`),
    );
  });
});
