import { expect } from "chai";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { queues } from "./support";

describe("IAM: roles", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([queues]);
  });
  afterEach(() => cloud.close());

  it("refuses a service that the role's trust policy does not name", async () => {
    const role = await cloud.role("webhook", "lambda.amazonaws.com", []);
    const error = await refusal(cloud.assumeRole("codebuild.amazonaws.com", role));
    expect(error.message).to.equal(
      `codebuild.amazonaws.com is unable to assume the role ${role}: Service: codebuild.amazonaws.com is not ` +
        `authorized to perform: sts:AssumeRole on resource: ${role}. ` +
        "The role's trust policy allows it to lambda.amazonaws.com.",
    );
  });

  const trustPolicy = (Service: string) => ({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ],
  });
  for (const [service, sends] of [
    ["codebuild.amazonaws.com", true],
    ["codepipeline.amazonaws.com", false],
    ["ecs-tasks.amazonaws.com", true],
    ["events.amazonaws.com", true],
    ["lambda.amazonaws.com", false],
  ] as const)
    it(`${service} ${sends ? "tells" : "does not tell"} for which account it assumes a role`, async () => {
      const { outputs } = await cloud.declare("aws:iam/role:Role", "own", {
        assumeRolePolicy: JSON.stringify(trustPolicy(service)),
      });
      const outcome = await cloud.assumeRole(service, String(outputs.arn)).then(
        () => "assumed",
        (error: Error) => error.message.split("; ")[1],
      );
      expect(outcome).to.equal(sends ? "assumed" : "the request has no aws:SourceAccount.");
    });

  it("knows a service of China by its principal there alone", async () => {
    const china = await createTestCloud([queues], { region: "cn-north-1" });
    const outcomes: Record<string, string> = {};
    for (const trusted of ["ec2.amazonaws.com.cn", "ec2.amazonaws.com"])
      for (const service of ["ec2.amazonaws.com.cn", "ec2.amazonaws.com"]) {
        const role = await china.role(trusted, trusted, []);
        const outcome = await china.assumeRole(service, role).then(
          () => "assumed",
          (error: Error) => error.name,
        );
        outcomes[`${trusted} by ${service}`] = outcome;
      }
    await china.close();
    expect(outcomes).to.deep.equal({
      "ec2.amazonaws.com.cn by ec2.amazonaws.com.cn": "assumed",
      "ec2.amazonaws.com.cn by ec2.amazonaws.com": "AccessDenied",
      "ec2.amazonaws.com by ec2.amazonaws.com.cn": "AccessDenied",
      "ec2.amazonaws.com by ec2.amazonaws.com": "assumed",
    });
  });

  it("lets a role do what AWS's own policy allows, and counts it to no grant of the program", async () => {
    const role = await cloud.role("nat", "ec2.amazonaws.com", []);
    const policyArn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    const permission = { action: "ssmmessages:OpenDataChannel", resource: "*" };
    const decide = () => cloud.iam.authorize({ kind: "role", arn: role }, permission);
    expect((await refusal(decide())).name).to.equal("AccessDeniedException");
    await cloud.declare("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "nat", { role: "nat", policyArn });
    await decide();
    expect(cloud.iam.grants()).to.deep.equal([]);
  });

  const attachments: [name: string, region: string, policyArn: string, message: string][] = [
    [
      "of another partition",
      "cn-north-1",
      "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
      "Policy arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore does not exist or is not attachable: here it is " +
        "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore.",
    ],
    [
      "of which it does not know what it allows",
      "us-east-1",
      "arn:aws:iam::aws:policy/AdministratorAccess",
      "AdministratorAccess is not simulated: add what it allows to iam/managedPolicies.ts.",
    ],
  ];
  for (const [name, region, policyArn, message] of attachments)
    it(`attaches no policy ${name}`, async () => {
      const account = await createTestCloud([queues], { region });
      await account.role("nat", "lambda.amazonaws.com", []);
      const attachment = { role: "nat", policyArn };
      const error = await refusal(
        account.declare("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "nat", attachment),
      );
      await account.close();
      expect(error.message).to.equal(message);
    });

  it("finds the role in an instance profile by its name and by its ARN", async () => {
    const role = await cloud.role("nat", "ec2.amazonaws.com", []);
    const declare = (name: string, inputs: object) =>
      cloud.declare("aws:iam/instanceProfile:InstanceProfile", name, { name, ...inputs });
    const { outputs } = await declare("nat", { role: "nat" });
    expect([cloud.roleOfProfile("nat"), cloud.roleOfProfile(String(outputs.arn))]).to.deep.equal([role, role]);
    await declare("empty", {});
    expect(() => cloud.roleOfProfile("empty")).to.throw("There is no role in it.");
    expect(() => cloud.roleOfProfile("other")).to.throw("Invalid IAM Instance Profile.");
    expect((await refusal(declare("lost", { role: "other" }))).message).to.equal("The role other cannot be found.");
  });

  const unsimulated: [string, unknown][] = [
    ["managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]],
    ["inlinePolicies", [{ name: "all", policy: "{}" }]],
    ["permissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"],
  ];
  for (const [input, value] of unsimulated)
    it(`refuses a role with ${input}`, async () => {
      const role = { assumeRolePolicy: trustPolicy("lambda.amazonaws.com"), [input]: value };
      const error = await refusal(cloud.declare("aws:iam/role:Role", "webhook", role));
      expect(error.message).to.equal(
        `aws:iam/role:Role webhook: ${input} is not simulated: leave it out, or teach rehearsal/cloud what it does.`,
      );
    });

  for (const [type, field, longest] of [
    ["aws:iam/role:Role", "roleName", 64],
    ["aws:iam/rolePolicy:RolePolicy", "policyName", 128],
  ] as const)
    it(`refuses a ${field} of more than ${longest} characters`, async () => {
      await cloud.role("webhook", "lambda.amazonaws.com", []);
      const rest =
        field === "roleName"
          ? { assumeRolePolicy: trustPolicy("lambda.amazonaws.com") }
          : { role: "webhook", policy: { Version: "2012-10-17", Statement: [] } };
      const { id } = await cloud.declare(type, "fits", { ...rest, name: "n".repeat(longest) });
      expect(id.endsWith("n".repeat(longest))).to.equal(true);
      const name = "n".repeat(longest + 1);
      const error = await refusal(cloud.declare(type, "long", { ...rest, name }));
      expect([error.name, error.message]).to.deep.equal([
        "ValidationError",
        `1 validation error detected: Value '${name}' at '${field}' failed to satisfy constraint: ` +
          `Member must have length less than or equal to ${longest}`,
      ]);
    });
});
