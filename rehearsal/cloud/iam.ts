// @cloud-copilot/iam-simulate: evaluates real policy documents against AWS's own service authorisation data, so that an
// action which cannot be restricted to a resource, or a condition key that does not exist, is judged as AWS judges it.
import { runSimulation } from "@cloud-copilot/iam-simulate";
import type { RoleArgs } from "@pulumi/aws/iam/role";
import type { RolePolicyArgs } from "@pulumi/aws/iam/rolePolicy";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import {
  asList,
  covers,
  type Grant,
  grantsOf,
  type NamedPolicy,
  type Statement,
  statementsOf,
  withoutGrant,
} from "./policies";
import {
  awsError,
  type Cloud,
  type Declaration,
  type Permission,
  type PolicyDocument,
  type Principal,
} from "./service";

interface Role {
  arn: string;
  name: string;
  trust: PolicyDocument;
  policies: NamedPolicy[];
}

/** What IAM was asked, and what it said. */
export interface Decision {
  principal: Principal;
  permission: Permission;
  resourcePolicy?: PolicyDocument;
  /** Why not, in AWS's own form, with the nearest statement; absent where the call is allowed. */
  denial?: string;
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

// The services whose documentation has aws:SourceAccount in the trust policies of their roles. Lambda does not send it.
const SENDS_SOURCE_ACCOUNT = new Set(["codebuild", "codepipeline", "ecs-tasks", "events"]);

export function principalName(principal: Principal): string {
  if (principal.kind === "role") return principal.arn;
  return principal.kind === "operator" ? "operator" : principal.service;
}

export function createIam(account: Pick<Cloud, "accountId" | "physicalName" | "arn">) {
  const roles = new Map<string, Role>();
  const decisions: Decision[] = [];

  const resources = {
    "aws:iam/role:Role": (declaration: Declaration) => {
      const inputs = inputsOf<Unwrap<RoleArgs>>(declaration, ROLE_INPUTS);
      const name = checkedName("roleName", account.physicalName(declaration, inputs.name), LONGEST_ROLE_NAME);
      const arn = account.arn("iam", `role/${name}`, { region: "" });
      roles.set(arn, { arn, name, trust: parse(inputs.assumeRolePolicy), policies: [] });
      return { id: name, outputs: { arn, name, uniqueId: `AROA${name}` } };
    },
    "aws:iam/rolePolicy:RolePolicy": (declaration: Declaration) => {
      const inputs = inputsOf<Unwrap<RolePolicyArgs>>(declaration, ROLE_POLICY_INPUTS);
      const role = [...roles.values()].find((it) => it.name === inputs.role);
      if (role === undefined) throw awsError("NoSuchEntity", `The role ${String(inputs.role)} cannot be found.`, 404);
      const name = checkedName("policyName", account.physicalName(declaration, inputs.name), LONGEST_POLICY_NAME);
      role.policies.push({ name, document: parse(inputs.policy) });
      return { id: `${role.name}:${name}`, outputs: { name } };
    },
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
          principal: role === undefined ? principalName(principal) : sessionArn(role),
          contextVariables: contextOf(principal, permission),
        },
        identityPolicies: policies.map((it) => ({ name: it.name, policy: it.document })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy,
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

  async function decide(principal: Principal, permission: Permission, resourcePolicy?: PolicyDocument) {
    const role = roleOf(principal);
    const decision: Decision = { principal, permission, resourcePolicy };
    const { allowed, explicitly } = await simulate(decision, role?.policies ?? []);
    if (!allowed)
      decision.denial =
        `${role === undefined ? `Service: ${principalName(principal)}` : `User: ${sessionArn(role)}`} is not authorized ` +
        `to perform: ${permission.action} on resource: ${permission.resource}` +
        `${explicitly ? " with an explicit deny" : ""}. ` +
        (explicitly ? await denying(decision) : role === undefined ? invited(decision) : nearest(role, decision));
    decisions.push(decision);
    return decision;
  }

  /** The statement that denies: the one that denies alone too. */
  async function denying(decision: Decision): Promise<string> {
    const denies = async (policies: NamedPolicy[], resourcePolicy?: PolicyDocument) =>
      (await simulate({ ...decision, resourcePolicy }, policies)).explicitly;
    for (const { name, document } of roleOf(decision.principal)?.policies ?? [])
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
    /** @throws AwsError AccessDenied where the role's trust policy does not let the service in */
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
     * The first recorded call that would have been denied had this grant not been written; undefined where nothing
     * that happened so far needed it.
     */
    async neededBy(grant: Grant): Promise<Decision | undefined> {
      const role = [...roles.values()].find((it) => it.name === grant.role);
      if (role === undefined) return undefined;
      const rest = withoutGrant(role.policies, grant);
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

const parse = (policy: string | object): PolicyDocument =>
  typeof policy === "string" ? JSON.parse(policy) : (policy as PolicyDocument);

/** @throws AwsError ValidationError in IAM's words */
function checkedName(field: string, name: string, longest: number): string {
  if (name.length > longest)
    throw awsError(
      "ValidationError",
      `1 validation error detected: Value '${name}' at '${field}' failed to satisfy constraint: Member must have ` +
        `length less than or equal to ${longest}`,
    );
  return name;
}

/** The context keys of a request. */
const contextOf = (principal: Principal, permission: Permission): Record<string, string | string[]> => ({
  "aws:SecureTransport": "true",
  ...(principal.kind === "service" ? principal.context : {}),
  ...permission.context,
});

/** What to change: the statement of the role that comes nearest to the denied permission. */
function nearest({ policies }: Role, decision: Decision): string {
  const { action } = decision.permission;
  const statements = policies.flatMap(statementsOf).filter((it) => it.Effect === "Allow");
  const same = statements.find((it) => names(it, action));
  if (same !== undefined)
    return `The nearest statement allows it on ${asList(same.Resource).join(", ")}${conditionOf(same, decision)}.`;
  const service = action.split(":")[0];
  const siblings = statements.flatMap((it) => asList(it.Action)).filter((it) => it.startsWith(`${service}:`));
  return siblings.length > 0
    ? `Of ${service}, its policies name only ${siblings.join(", ")}.`
    : `Its policies name nothing of ${service}.`;
}

type ResourceStatement = Statement & { Principal?: string | Record<string, string | string[]> };

/** What to change where a service calls, which has no policies of its own: the statement that lets others in. */
function invited(decision: Decision): string {
  const policy = resourcePolicyName(decision);
  if (decision.resourcePolicy === undefined) return `${policy} is missing, and nothing else lets a service in.`;
  const statements = (decision.resourcePolicy.Statement as ResourceStatement[]).filter((it) => it.Effect === "Allow");
  const same = statements.filter((it) => names(it, decision.permission.action));
  const caller = principalName(decision.principal);
  const [closest] = [...same.filter((it) => principalsOf(it).some((who) => covers(who, caller))), ...same];
  if (closest === undefined)
    return `${policy} allows only ${statements.flatMap((it) => asList(it.Action)).join(", ")}.`;
  return saying(`${policy} allows it`, closest, decision);
}

/** What a statement says, and under which name. */
function saying(what: string, statement: ResourceStatement, decision: Decision): string {
  const { Sid, Resource } = statement;
  const who = principalsOf(statement).map((it) => (it === "*" ? "everybody" : it));
  const to = who.length === 0 ? "" : ` to ${who.join(", ")}`;
  const on = Resource === undefined ? "" : ` on ${asList(Resource).join(", ")}`;
  return `${what}${Sid === undefined ? "" : ` (${Sid})`}${to}${on}${conditionOf(statement, decision)}.`;
}

const resourcePolicyName = ({ permission }: Decision): string =>
  permission.action === "sts:AssumeRole" ? "The role's trust policy" : "The resource's policy";

const names = (statement: Statement, action: string): boolean =>
  asList(statement.Action).some((it) => covers(it, action));

const principalsOf = ({ Principal = {} }: ResourceStatement): string[] =>
  typeof Principal === "string" ? [Principal] : Object.values(Principal).flatMap(asList);

/**
 * A statement's condition, and what the request has for its keys, whose case IAM ignores. Without quotation marks: API
 * Gateway puts the message into access logs of JSON as it is.
 */
function conditionOf({ Condition }: Statement, { principal, permission }: Decision): string {
  if (Condition === undefined) return "";
  const context = Object.entries(contextOf(principal, permission));
  const values = [...new Set(Object.values(Condition).flatMap(Object.keys))].map((key) => {
    const [, value] = context.find(([it]) => it.toLowerCase() === key.toLowerCase()) ?? [];
    return value === undefined ? `no ${key}` : `${key} ${asList(value).join(", ")}`;
  });
  const tests = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => `${operator} ${key} ${asList(value).join(", ")}`),
  );
  return ` if ${tests.join(" and ")}; the request has ${values.join(" and ")}`;
}
