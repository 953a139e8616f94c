import type { RoleArgs } from "@pulumi/aws/iam/role";
import type { RolePolicyArgs } from "@pulumi/aws/iam/rolePolicy";
import type { RolePolicyAttachmentArgs } from "@pulumi/aws/iam/rolePolicyAttachment";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { contextOf, type Decision, invited, nearest, principalName, resourcePolicyName, saying } from "./iam/denial";
import { evaluate, type Verdict } from "./iam/evaluate";
import { createInstanceProfiles } from "./iam/instanceProfiles";
import { managedPolicy } from "./iam/managedPolicies";
import { isLike } from "./iam/patterns";
import { readPolicy } from "./iam/policyDocument";
import { type Grant, grantsOf, type NamedPolicy, type PolicyDocument, withoutGrant } from "./policies";
import { awsError, type Cloud, type Declaration, type Permission, type Principal } from "./service";

export { type Decision, principalName } from "./iam/denial";

interface Role {
  arn: string;
  name: string;
  trust: PolicyDocument;
  /** Written by the program. */
  policies: NamedPolicy[];
  /** AWS managed policies. */
  managed: NamedPolicy[];
}

const ROLE_INPUTS: (keyof RoleArgs)[] = [
  "name",
  "assumeRolePolicy",
  "description",
  "forceDetachPolicies",
  "maxSessionDuration",
  "tags",
];
const ROLE_POLICY_INPUTS: (keyof RolePolicyArgs)[] = ["name", "role", "policy"];

// IAM's quotas for names, in characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const LONGEST_ROLE_NAME = 64;
const LONGEST_POLICY_NAME = 128;

// Services whose documentation uses aws:SourceAccount in trust policies. Lambda does not send it, and CodePipeline's
// documented trust policy has no condition.
const SENDS_SOURCE_ACCOUNT = new Set(["codebuild", "ecs-tasks", "events"]);

export function createIam(account: Pick<Cloud, "accountId" | "partition" | "physicalName" | "arn">) {
  const roles = new Map<string, Role>();
  const decisions: Decision[] = [];
  const profiles = createInstanceProfiles(account, (name) => roleNamed(name).arn);

  function roleNamed(name: string): Role {
    const role = [...roles.values()].find((it) => it.name === name);
    if (role === undefined) throw awsError("NoSuchEntity", `The role ${name} cannot be found.`, 404);
    return role;
  }

  const resources = {
    "aws:iam/role:Role": (declaration: Declaration) => {
      const inputs = inputsOf<Unwrap<RoleArgs>>(declaration, ROLE_INPUTS);
      const name = checkedName("roleName", account.physicalName(declaration, inputs.name), LONGEST_ROLE_NAME);
      const arn = account.arn("iam", `role/${name}`, { region: "" });
      roles.set(arn, {
        arn,
        name,
        trust: readPolicy(inputs.assumeRolePolicy, "trust", `The trust policy of the role ${name}`),
        policies: [],
        managed: [],
      });
      return { id: name, outputs: { arn, name, uniqueId: `AROA${name}` } };
    },
    "aws:iam/rolePolicy:RolePolicy": (declaration: Declaration) => {
      const inputs = inputsOf<Unwrap<RolePolicyArgs>>(declaration, ROLE_POLICY_INPUTS);
      const role = roleNamed(String(inputs.role));
      const name = checkedName("policyName", account.physicalName(declaration, inputs.name), LONGEST_POLICY_NAME);
      const document = readPolicy(inputs.policy, "identity", `The policy ${name} of the role ${role.name}`);
      role.policies.push({ name, document });
      return { id: `${role.name}:${name}`, outputs: { name } };
    },
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (declaration: Declaration) => {
      const inputs = inputsOf<Unwrap<RolePolicyAttachmentArgs>>(declaration, ["role", "policyArn"]);
      const role = roleNamed(String(inputs.role));
      role.managed.push(managedPolicy(account.partition, inputs.policyArn));
      return { id: `${role.name}-${inputs.policyArn}` };
    },
    ...profiles.resources,
  };

  const sessionArn = (role: Role) => account.arn("sts", `assumed-role/${role.name}/rehearsal`, { region: "" });

  function roleOf(principal: Principal): Role | undefined {
    if (principal.kind !== "role") return undefined;
    const role = roles.get(principal.arn);
    if (role === undefined) throw awsError("UnrecognizedClientException", `No role ${principal.arn} is declared.`);
    return role;
  }

  function judge({ principal, permission, resourcePolicy }: Decision, policies: NamedPolicy[]): Verdict {
    const role = roleOf(principal);
    const caller =
      role === undefined
        ? ({ kind: "service", name: principalName(principal) } as const)
        : ({ kind: "role", arn: role.arn, sessionArn: sessionArn(role) } as const);
    const request = { ...permission, caller, context: contextOf(principal, permission) };
    return evaluate(
      request,
      policies.map(({ document }) => document),
      resourcePolicy,
    );
  }

  function decide(principal: Principal, permission: Permission, resourcePolicy?: PolicyDocument) {
    const role = roleOf(principal);
    const decision: Decision = { principal, permission, resourcePolicy };
    const verdict = judge(decision, policiesOf(role));
    const explicitly = verdict === "explicitly denied";
    if (verdict !== "allowed")
      decision.denial =
        `${role === undefined ? `Service: ${principalName(principal)}` : `User: ${sessionArn(role)}`} is not authorized ` +
        `to perform: ${permission.action} on resource: ${permission.resource}` +
        `${explicitly ? " with an explicit deny" : ""}. ` +
        (explicitly ? denying(decision) : role === undefined ? invited(decision) : nearest(policiesOf(role), decision));
    decisions.push(decision);
    return decision;
  }

  /** The statement that denies the call by itself. */
  function denying(decision: Decision): string {
    const denies = (policies: NamedPolicy[], resourcePolicy?: PolicyDocument) =>
      judge({ ...decision, resourcePolicy }, policies) === "explicitly denied";
    for (const { name, document } of policiesOf(roleOf(decision.principal)))
      for (const statement of document.Statement)
        if (denies([{ name, document: { ...document, Statement: [statement] } }]))
          return saying(`The policy ${name} denies it`, statement, decision);
    for (const statement of decision.resourcePolicy?.Statement ?? [])
      if (denies([], { Version: "2012-10-17", Statement: [statement] }))
        return saying(`${resourcePolicyName(decision)} denies it`, statement, decision);
    return "No single statement has it.";
  }

  return {
    resources,
    roleOfProfile: profiles.roleOf,
    /** Every decision so far, in order. */
    decisions,
    /**
     * Decides one call and records the decision. The operator and service-linked roles may do everything.
     * @throws AwsError AccessDeniedException naming role, action, resource and the nearest statement
     */
    async authorize(principal: Principal, permission: Permission, resourcePolicy?: PolicyDocument): Promise<void> {
      if (principal.kind === "operator" || principal.kind === "aws") return;
      const { denial } = decide(principal, permission, resourcePolicy);
      if (denial !== undefined) throw awsError("AccessDeniedException", denial);
    },
    /** @throws AwsError AccessDenied if the role's trust policy does not allow the service */
    async assume(service: string, roleArn: string): Promise<void> {
      const role = roles.get(roleArn);
      if (role === undefined) throw awsError("NoSuchEntity", `The role ${roleArn} cannot be found.`, 404);
      const permission = { action: "sts:AssumeRole", resource: roleArn };
      const sendsAccount = SENDS_SOURCE_ACCOUNT.has(service.split(".")[0] ?? "");
      const context: Record<string, string> = sendsAccount ? { "aws:SourceAccount": account.accountId } : {};
      const { denial } = decide({ kind: "service", service, context }, permission, role.trust);
      if (denial !== undefined)
        throw awsError("AccessDenied", `${service} is unable to assume the role ${roleArn}: ${denial}`, 403);
    },
    grants: (): Grant[] => [...roles.values()].flatMap((it) => grantsOf(it.name, it.policies)),
    /**
     * The first recorded call that would have been denied without this grant; undefined if no call so far needed it.
     */
    async neededBy(grant: Grant): Promise<Decision | undefined> {
      const role = [...roles.values()].find((it) => it.name === grant.role);
      if (role === undefined) return undefined;
      const rest = [...withoutGrant(role.policies, grant), ...role.managed];
      for (const decision of decisions) {
        const { principal, permission } = decision;
        const concerns = principal.kind === "role" && principal.arn === role.arn && decision.denial === undefined;
        if (!concerns || permission.action !== grant.action || !isLike(grant.resource, permission.resource)) continue;
        if (judge(decision, rest) !== "allowed") return decision;
      }
      return undefined;
    },
  };
}

export type Iam = ReturnType<typeof createIam>;

const policiesOf = (role: Role | undefined): NamedPolicy[] =>
  role === undefined ? [] : [...role.policies, ...role.managed];

/** @throws AwsError ValidationError with IAM's message */
function checkedName(field: string, name: string, longest: number): string {
  if (name.length > longest)
    throw awsError(
      "ValidationError",
      `1 validation error detected: Value '${name}' at '${field}' failed to satisfy constraint: Member must have ` +
        `length less than or equal to ${longest}`,
    );
  return name;
}
