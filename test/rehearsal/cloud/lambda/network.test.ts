import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { closeServer } from "../../../../rehearsal/cloud/endpoint";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { networkOf } from "../../../../rehearsal/cloud/network";
import { createSqs } from "../../../../rehearsal/cloud/sqs";
import { refusal } from "../../../refusal";
import { createTestNetwork, type TestNetwork } from "../network/support";
import { declareFunction, linesOf } from "./support";

const ACTIONS = [
  "AssignPrivateIpAddresses",
  "CreateNetworkInterface",
  "DeleteNetworkInterface",
  "DescribeNetworkInterfaces",
  "DescribeSubnets",
  "UnassignPrivateIpAddresses",
];
const joining = (actions = ACTIONS) => ({
  Effect: "Allow",
  Action: actions.map((it) => `ec2:${it}`),
  Resource: "*",
});
const NO_NAT = { natGateways: { strategy: "None" } };

const FETCH = `exports.handler = async ({ url }) => {
  try { return await (await fetch(url)).text(); }
  catch (error) { return [error.message, error.cause.message, error.cause.code]; }
};`;

describe("A function in a VPC", () => {
  let network: TestNetwork;
  let github: Server;

  const begin = async (vpc: Record<string, unknown> = {}) => {
    network = await createTestNetwork(vpc, { services: [createLambda, createLogs, createSqs] });
    const url = `http://127.0.0.1:${(github.address() as AddressInfo).port}`;
    for (const host of ["github.com", "codeload.github.com", "git.acme.example"])
      network.cloud.addresses.set(host, url);
  };
  beforeEach(async () => {
    github = createServer((request, response) => response.end(`answer of ${request.headers.host}`));
    await new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await network.cloud.close();
    await closeServer(github);
  });

  const inVpc = () => ({ vpcConfig: { subnetIds: network.privateSubnets, securityGroupIds: [network.open] } });
  const declare = (text: string, statements: object[] = [], inputs: object = inVpc()) =>
    declareFunction(network.cloud, "fetch", text, { timeout: 30, ...inputs }, [joining(), ...statements]);
  const connections = (): CloudEvent[] => network.cloud.events.filter((it) => it.kind === "connection");
  const shorten = (text: string) => text.replace(/\b(subnet|rtb|nat)-[0-9a-f]{17}\b/g, "$1");

  it("has an interface in each subnet, and reaches hosts by its routes", async () => {
    await begin();
    const { invoke } = await declare(FETCH);
    expect((await invoke({ url: "https://github.com/a" })).value).to.equal("answer of github.com");
    expect((await invoke({ url: "http://git.acme.example:3000/a" })).value).to.equal("answer of git.acme.example:3000");
    const both = (host: string, port: number) =>
      ["us-east-1a", "us-east-1b"].map((zone) => ({
        kind: "connection",
        from: "fetch",
        host,
        port,
        path: [`subnet (${zone})`, "0.0.0.0/0 in rtb", "nat"],
      }));
    expect(JSON.parse(shorten(JSON.stringify(connections())))).to.deep.equal([
      ...both("github.com", 443),
      ...both("git.acme.example", 3000),
    ]);
    const { interfaceAt } = networkOf(network.cloud);
    expect(["10.40.0.4", "10.40.128.4"].map((it) => interfaceAt(it)?.subnetId)).to.deep.equal(network.privateSubnets);
  });

  it("times out at once where one of its subnets has no route, and says why", async () => {
    await begin(NO_NAT);
    await network.route(network.privateSubnets[0], {
      destinationCidrBlock: "0.0.0.0/0",
      networkInterfaceId: (
        await network.cloud.declare("aws:ec2/networkInterface:NetworkInterface", "n", {
          subnetId: network.publicSubnets[0],
        })
      ).id,
    });
    const { invoke } = await declare(FETCH);
    const url = "https://codeload.github.com/a";
    const timeout = ["fetch failed", "connect ETIMEDOUT 20.205.243.165:443", "ETIMEDOUT"];
    expect((await invoke({ url })).value).to.deep.equal(timeout);
    const [event] = connections();
    const reason =
      /^the route 0\.0\.0\.0\/0 in rtb-\w+ to codeload\.github\.com \(20\.205\.243\.165\) is a blackhole: eni-\w+ is attached/;
    expect(event).to.have.property("reason").that.matches(reason);
    const [problem] = linesOf(network.cloud, "/aws/lambda/fetch").filter((it) => it.startsWith("PROBLEM"));
    expect(problem).to.equal(
      `PROBLEM: no connection to port 443 of codeload.github.com: ${(event as { reason: string }).reason}`,
    );
  });

  it("does not find a host that does not exist, whichever way there is", async () => {
    await begin(NO_NAT);
    const { invoke } = await declare(FETCH);
    const answer = ["fetch failed", "getaddrinfo ENOTFOUND gone.example", "ENOTFOUND"];
    expect((await invoke({ url: "https://gone.example/" })).value).to.deep.equal(answer);
    expect(connections()).to.deep.equal([]);
  });

  it("tells of a host once an invocation", async () => {
    await begin();
    const { invoke } = await declare(
      `exports.handler = async () => { for (let i = 0; i < 3; i++) await (await fetch("https://github.com/")).text(); };`,
    );
    await invoke();
    await invoke();
    expect(connections()).to.have.length(2 * 2);
  });

  const SEND = `const { SQSClient, SendMessageCommand } = require("@aws-sdk/client-sqs");
    const client = new SQSClient({});
    exports.handler = async ({ QueueUrl }) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" })).then(() => "sent", (error) => error.code ?? error.name);`;
  const queue = async () =>
    String((await network.cloud.declare("aws:sqs/queue:Queue", "q", { name: "q" })).outputs.url);
  const SENDING = { Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" };

  it("has no connection to AWS either where there is no way", async () => {
    await begin(NO_NAT);
    const { invoke } = await declare(SEND, [SENDING]);
    expect((await invoke({ QueueUrl: await queue() })).value).to.equal("ECONNRESET");
    expect(connections().map((it) => shorten(JSON.stringify(it)))).to.deep.equal([
      JSON.stringify({
        kind: "connection",
        from: "fetch",
        host: "sqs.us-east-1.amazonaws.com",
        port: 443,
        reason:
          "subnet (us-east-1a) has no route to sqs.us-east-1.amazonaws.com (198.51.100.28): rtb has only 10.40.0.0/16",
      }),
    ]);
    expect(network.cloud.trail.filter((it) => it.service === "sqs")).to.deep.equal([]);
  }).timeout(20_000);

  it("reaches AWS by an endpoint, and nothing is told of it", async () => {
    await begin(NO_NAT);
    const ingress = [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["10.40.0.0/16"] }];
    await network.endpoint({
      serviceName: "com.amazonaws.us-east-1.sqs",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
      subnetIds: network.privateSubnets,
      securityGroupIds: [await network.group("endpoint", { ingress })],
    });
    const { invoke } = await declare(SEND, [SENDING]);
    expect((await invoke({ QueueUrl: await queue() })).value).to.equal("sent");
    expect(connections()).to.deep.equal([]);
  });

  it("may be told from Lambda itself by what its requests carry", async () => {
    await begin();
    const denied = { ...SENDING, Effect: "Deny", Condition: { Null: { "lambda:SourceFunctionArn": "false" } } };
    const { invoke, arn } = await declare(SEND, [SENDING, denied]);
    expect((await invoke({ QueueUrl: await queue() })).value).to.equal("AccessDeniedException");
    const [decision] = network.cloud.iam.decisions.filter((it) => it.permission.action === "sqs:SendMessage");
    expect(decision?.denial).to.match(new RegExp(`with an explicit deny.*lambda:SourceFunctionArn ${arn}\\.$`));
  });

  it("outside of a VPC reaches everything, by no path that can be told", async () => {
    await begin(NO_NAT);
    const { invoke } = await declare(FETCH, [], {});
    expect((await invoke({ url: "https://github.com/a" })).value).to.equal("answer of github.com");
    expect(connections()).to.deep.equal([{ kind: "connection", from: "fetch", host: "github.com", port: 443 }]);
  });

  for (const action of ACTIONS)
    it(`is not made by a role without ec2:${action}`, async () => {
      await begin();
      const statements = [joining(ACTIONS.filter((it) => it !== action))];
      const error = await refusal(declareFunction(network.cloud, "fetch", FETCH, inVpc(), statements));
      expect([error.name, error.message.split(" (")[0]]).to.deep.equal([
        "InvalidParameterValueException",
        `The provided execution role does not have permissions to call ${action} on EC2`,
      ]);
    });

  const places: [name: string, vpcConfig: object, message: string][] = [
    [
      "a subnet that does not exist",
      { subnetIds: ["subnet-0"] },
      "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID 'subnet-0' does not exist",
    ],
    [
      "a security group that does not exist",
      { securityGroupIds: ["sg-0"] },
      "Error occurred while CreateNetworkInterface. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: The security group 'sg-0' does not exist",
    ],
    ["no security group", { securityGroupIds: [] }, "SubnetIds and SecurityIds must coexist or be both empty list."],
  ];
  for (const [name, wrong, message] of places)
    it(`is not made with ${name}`, async () => {
      await begin();
      const vpcConfig = { ...inVpc().vpcConfig, ...wrong };
      const error = await refusal(declare(FETCH, [], { vpcConfig }));
      expect(error.message).to.equal(message);
    });
});
