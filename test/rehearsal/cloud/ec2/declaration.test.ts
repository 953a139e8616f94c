import { expect } from "chai";
import { refusal } from "../../../refusal";
import { declareNat, type TestNetwork } from "../network/support";
import { createNatNetwork } from "./support";

describe("An instance of an auto scaling group: declaration", () => {
  let network: TestNetwork;

  beforeEach(async () => {
    ({ network } = await createNatNetwork());
  });
  afterEach(() => network.cloud.close());

  const templates: [name: string, profile: Record<string, unknown>, message: RegExp][] = [
    [
      "an image of another architecture",
      { instanceType: "t3.micro" },
      /^nat: the architecture 'x86_64' of the specified instance type t3\.micro does not match the architecture 'arm64'/,
    ],
    ["no image", { imageId: "al2023" }, /^Invalid id: "al2023" \(expecting "ami-\.\.\."\)$/],
    ["user data that is no Base64", { userData: "#!/bin/bash" }, /^Invalid BASE64 encoding of user data\.$/],
    [
      "more user data than EC2 takes",
      { userData: Buffer.alloc(16_385, "#").toString("base64") },
      /^User data is limited to 16384 bytes: it has 16385\.$/,
    ],
    [
      "security groups twice",
      { vpcSecurityGroupIds: ["sg-0"] },
      /^Network interfaces and an instance-level security groups/,
    ],
    [
      "a profile that does not exist",
      { iamInstanceProfile: { name: "other" } },
      /^Value \(other\) for parameter iamInstanceProfile is invalid\. Invalid IAM Instance Profile\.$/,
    ],
    ["what is not simulated", { keyName: "ssh" }, /keyName is not simulated/],
  ];
  for (const [name, profile, message] of templates)
    it(`has no template with ${name}`, async () =>
      expect((await refusal(declareNat(network, { profile }))).message).to.match(message));

  const groups: [name: string, group: Record<string, unknown>, message: RegExp][] = [
    [
      "more than its maximum",
      { desiredCapacity: 2 },
      /^Desired capacity:2 must be between the specified min size:1 and max size:1$/,
    ],
    ["a subnet that does not exist", { vpcZoneIdentifiers: ["subnet-0"] }, /^The subnet ID 'subnet-0' does not exist$/],
    [
      "a template that does not exist",
      { launchTemplate: { id: "lt-0" } },
      /launch template, with template ID lt-0, does not exist/,
    ],
    ["no template", { launchTemplate: undefined }, /must contain a LaunchTemplate/],
  ];
  for (const [name, group, message] of groups)
    it(`has no group with ${name}`, async () =>
      expect((await refusal(declareNat(network, { group }))).message).to.match(message));
});
