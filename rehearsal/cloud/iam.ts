// @cloud-copilot/iam-simulate evaluates real policy documents against AWS's service authorization data. Actions that
// cannot be restricted to a resource, and condition keys that do not exist, are evaluated as in AWS.
import { runSimulation } from "@cloud-copilot/iam-simulate";
import type { RoleArgs } from "@pulumi/aws/iam/role";
import type { RolePolicyArgs } from "@pulumi/aws/iam/rolePolicy";
import type { RolePolicyAttachmentArgs } from "@pulumi/aws/iam/rolePolicyAttachment";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import {
  contextOf,
  type Decision,
  invited,
  nearest,
  principalName,
  type ResourceStatement,
  resourcePolicyName,
  saying,
} from "./iam/denial";
import { createInstanceProfiles } from "./iam/instanceProfiles";
import { managedPolicy } from "./iam/managedPolicies";
import { asList, covers, type Grant, grantsOf, type NamedPolicy, withoutGrant } from "./policies";
import {
  awsError,
  type Cloud,
  type Declaration,
  type Permission,
  type PolicyDocument,
  type Principal,
} from "./service";

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
  // Policies never change: a role that gets another has one more name in the key.
  const evaluated = new Map<string, ReturnType<typeof simulate>>();
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
      roles.set(arn, { arn, name, trust: parse(inputs.assumeRolePolicy), policies: [], managed: [] });
      return { id: name, outputs: { arn, name, uniqueId: `AROA${name}` } };
    },
    "aws:iam/rolePolicy:RolePolicy": (declaration: Declaration) => {
      const inputs = inputsOf<Unwrap<RolePolicyArgs>>(declaration, ROLE_POLICY_INPUTS);
      const role = roleNamed(String(inputs.role));
      const name = checkedName("policyName", account.physicalName(declaration, inputs.name), LONGEST_POLICY_NAME);
      role.policies.push({ name, document: parse(inputs.policy) });
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

  async function simulate(
    { principal, permission, resourcePolicy }: Decision,
    policies: NamedPolicy[],
  ): Promise<{ allowed: boolean; explicitly: boolean }> {
    const role = roleOf(principal);
    const answer = await runSimulation(
      {
        request: {
          action: permission.action,
          resource: { resource: permission.resource, accountId: account.accountId },
          principal: role === undefined ? asService(principalName(principal)) : sessionArn(role),
          contextVariables: contextOf(principal, permission),
        },
        identityPolicies: policies.map((it) => ({ name: it.name, policy: it.document })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy: resourcePolicy && trusting(resourcePolicy),
      },
      {},
    );
    if (answer.resultType === "error")
      throw awsError(
        "RehearsalFault",
        `IAM cannot judge ${permission.action} on ${permission.resource}: ${JSON.stringify(answer.errors)}`,
        501,
      );
    return { allowed: answer.overallResult === "Allowed", explicitly: answer.overallResult === "ExplicitlyDenied" };
  }

  /** An evaluation takes some milliseconds, and polling functions repeat the same calls. */
  function simulateOnce(decision: Decision, policies: NamedPolicy[]): ReturnType<typeof simulate> {
    const key = JSON.stringify([decision, policies.map(({ name }) => name)]);
    const known = evaluated.get(key) ?? simulate(decision, policies);
    evaluated.set(key, known);
    return known;
  }

  async function decide(principal: Principal, permission: Permission, resourcePolicy?: PolicyDocument) {
    const role = roleOf(principal);
    const decision: Decision = { principal, permission, resourcePolicy };
    const { allowed, explicitly } = await simulateOnce(decision, policiesOf(role));
    if (!allowed)
      decision.denial =
        `${role === undefined ? `Service: ${principalName(principal)}` : `User: ${sessionArn(role)}`} is not authorized ` +
        `to perform: ${permission.action} on resource: ${permission.resource}` +
        `${explicitly ? " with an explicit deny" : ""}. ` +
        (explicitly
          ? await denying(decision)
          : role === undefined
            ? invited(decision)
            : nearest(policiesOf(role), decision));
    decisions.push(decision);
    return decision;
  }

  /** The statement that denies the call by itself. */
  async function denying(decision: Decision): Promise<string> {
    const denies = async (policies: NamedPolicy[], resourcePolicy?: PolicyDocument) =>
      (await simulate({ ...decision, resourcePolicy }, policies)).explicitly;
    for (const { name, document } of policiesOf(roleOf(decision.principal)))
      for (const statement of document.Statement) {
        const alone = { ...document, Statement: [statement] };
        if (await denies([{ name, document: alone }]))
          return saying(`The policy ${name} denies it`, statement as ResourceStatement, decision);
      }
    for (const statement of decision.resourcePolicy?.Statement ?? [])
      if (await denies([], { Version: "2012-10-17", Statement: [statement] }))
        return saying(`${resourcePolicyName(decision)} denies it`, statement as ResourceStatement, decision);
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
      const { denial } = await decide(principal, permission, resourcePolicy);
      if (denial !== undefined) throw awsError("AccessDeniedException", denial);
    },
    /** @throws AwsError AccessDenied if the role's trust policy does not allow the service */
    async assume(service: string, roleArn: string): Promise<void> {
      const role = roles.get(roleArn);
      if (role === undefined) throw awsError("NoSuchEntity", `The role ${roleArn} cannot be found.`, 404);
      const permission = { action: "sts:AssumeRole", resource: roleArn };
      const sendsAccount = SENDS_SOURCE_ACCOUNT.has(service.split(".")[0] ?? "");
      const context: Record<string, string> = sendsAccount ? { "aws:SourceAccount": account.accountId } : {};
      const { denial } = await decide({ kind: "service", service, context }, permission, role.trust);
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
        if (!concerns || permission.action !== grant.action || !covers(grant.resource, permission.resource)) continue;
        if (!(await simulate(decision, rest)).allowed) return decision;
      }
      return undefined;
    },
  };
}

export type Iam = ReturnType<typeof createIam>;

/**
 * The simulation recognises only service principals with endings used outside China (@cloud-copilot/iam-utils,
 * isServicePrincipal): ec2.amazonaws.com.cn gets such an ending, and stays distinct from EC2's elsewhere.
 */
const asService = (principal: string): string =>
  principal.endsWith(".amazonaws.com.cn") ? `${principal}.amazonaws.com` : principal;

/** The same policy, with service names that the simulation recognises. */
const trusting = (policy: PolicyDocument): PolicyDocument => ({
  ...policy,
  Statement: (policy.Statement as ResourceStatement[]).map((it) =>
    typeof it.Principal === "object" && it.Principal.Service !== undefined
      ? { ...it, Principal: { ...it.Principal, Service: asList(it.Principal.Service).map(asService) } }
      : it,
  ),
});

const policiesOf = (role: Role | undefined): NamedPolicy[] =>
  role === undefined ? [] : [...role.policies, ...role.managed];

const parse = (policy: string | object): PolicyDocument =>
  typeof policy === "string" ? JSON.parse(policy) : (policy as PolicyDocument);

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
