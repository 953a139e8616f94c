// @cloud-copilot/iam-simulate: evaluates real policy documents against AWS's own service authorisation data, so that an
// action which cannot be restricted to a resource, or a condition key that does not exist, is judged as AWS judges it.
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { asList, covers, type Grant, grantsOf, type NamedPolicy, statementsOf, withoutGrant } from "./policies";
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

export function principalName(principal: Principal): string {
  if (principal.kind === "role") return principal.arn;
  return principal.kind === "operator" ? "operator" : principal.service;
}

export function createIam(account: Pick<Cloud, "accountId" | "physicalName" | "arn">) {
  const roles = new Map<string, Role>();
  const decisions: Decision[] = [];

  const resources = {
    "aws:iam/role:Role": (declaration: Declaration) => {
      const name = account.physicalName(declaration, declaration.inputs.name);
      const arn = account.arn("iam", `role/${name}`, { region: "" });
      const trust: PolicyDocument = JSON.parse(String(declaration.inputs.assumeRolePolicy));
      roles.set(arn, { arn, name, trust, policies: [] });
      return { id: name, outputs: { arn, name, uniqueId: `AROA${name}` } };
    },
    "aws:iam/rolePolicy:RolePolicy": (declaration: Declaration) => {
      const role = [...roles.values()].find((it) => it.name === declaration.inputs.role);
      if (role === undefined)
        throw awsError("NoSuchEntity", `The role ${String(declaration.inputs.role)} cannot be found.`, 404);
      const name = account.physicalName(declaration, declaration.inputs.name);
      role.policies.push({ name, document: JSON.parse(String(declaration.inputs.policy)) });
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
          contextVariables: {
            "aws:SecureTransport": "true",
            "aws:SourceAccount": account.accountId,
            ...(principal.kind === "service" ? principal.context : {}),
            ...permission.context,
          },
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
        `${explicitly ? " with an explicit deny" : ""}.${nearest(role?.policies ?? [], permission)}`;
    decisions.push(decision);
    return decision;
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
      const { denial } = await decide({ kind: "service", service }, permission, role.trust);
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

/** What to change: the statement that comes nearest to the denied permission. */
function nearest(policies: NamedPolicy[], { action }: Permission): string {
  const statements = policies.flatMap(statementsOf);
  const same = statements.find((it) => asList(it.Action).includes(action));
  if (same !== undefined)
    return ` The nearest statement allows it on ${asList(same.Resource).join(", ")}${same.Condition ? ` if ${JSON.stringify(same.Condition)}` : ""}.`;
  const service = action.split(":")[0];
  const siblings = statements.flatMap((it) => asList(it.Action)).filter((it) => it.startsWith(`${service}:`));
  return siblings.length > 0
    ? ` Of ${service}, its policies name only ${siblings.join(", ")}.`
    : ` Its policies name nothing of ${service}.`;
}
