// @cloud-copilot/iam-simulate: evaluates real policy documents against AWS's own service authorisation data, so that an
// action which cannot be restricted to a resource, or a condition key that does not exist, is judged as AWS judges it.
import { runSimulation } from "@cloud-copilot/iam-simulate";
import {
  awsError,
  type Cloud,
  type Declaration,
  type Permission,
  type PolicyDocument,
  type Principal,
} from "./service";

export interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

interface Role {
  arn: string;
  name: string;
  trust: PolicyDocument;
  policies: { name: string; document: PolicyDocument }[];
}

/** Where IAM found the answer, or where it came nearest to one. */
export interface Decision {
  principal: string;
  action: string;
  resource: string;
  allowed: boolean;
  /** Why not, in AWS's own form, with the nearest statement. */
  denial?: string;
}

/** An action on one resource of a statement, that some role was granted. */
export interface Grant {
  role: string;
  policy: string;
  statement: number;
  action: string;
  resource: string;
}

const asList = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

export function principalName(principal: Principal): string {
  if (principal.kind === "role") return principal.arn;
  return principal.kind === "operator" ? "operator" : principal.service;
}

const grantKey = (grant: Omit<Grant, "resource">) => `${grant.role} ${grant.policy} ${grant.statement} ${grant.action}`;

export function createIam(account: Pick<Cloud, "accountId" | "partition" | "physicalName" | "arn">) {
  const roles = new Map<string, Role>();
  const used = new Set<string>();
  const decisions: Decision[] = [];

  function roleByName(name: unknown, urn: string): Role {
    const role = [...roles.values()].find((it) => it.name === name);
    if (role === undefined) throw awsError("NoSuchEntity", `${urn}: the role ${String(name)} cannot be found.`, 404);
    return role;
  }

  const resources = {
    "aws:iam/role:Role": (declaration: Declaration) => {
      const name = account.physicalName(declaration, declaration.inputs.name);
      const arn = account.arn("iam", `role/${name}`, { region: "" });
      const trust: PolicyDocument = JSON.parse(String(declaration.inputs.assumeRolePolicy));
      roles.set(arn, { arn, name, trust, policies: [] });
      return { id: name, outputs: { arn, name, uniqueId: `AROA${name}` } };
    },
    "aws:iam/rolePolicy:RolePolicy": (declaration: Declaration) => {
      const role = roleByName(declaration.inputs.role, declaration.urn);
      const name = account.physicalName(declaration, declaration.inputs.name);
      role.policies.push({ name, document: JSON.parse(String(declaration.inputs.policy)) });
      return { id: `${role.name}:${name}`, outputs: { name } };
    },
  };

  function nearest(role: Role | undefined, permission: Permission): string {
    if (role === undefined) return "";
    const service = permission.action.split(":")[0];
    const statements = role.policies.flatMap((policy) => policy.document.Statement as Statement[]);
    const same = statements.find((it) => asList(it.Action).includes(permission.action));
    if (same !== undefined)
      return ` The nearest statement allows the action on ${asList(same.Resource).join(", ")}${same.Condition ? ` if ${JSON.stringify(same.Condition)}` : ""}.`;
    const granted = statements.flatMap((it) => asList(it.Action)).filter((it) => it.startsWith(`${service}:`));
    if (granted.length > 0) return ` Of ${service} the role is granted only ${granted.join(", ")}.`;
    return ` No statement of the role names ${service}.`;
  }

  async function decide(
    principal: Principal,
    permission: Permission,
    resourcePolicy: PolicyDocument | undefined,
  ): Promise<Decision> {
    const role = principal.kind === "role" ? roles.get(principal.arn) : undefined;
    if (principal.kind === "role" && role === undefined)
      throw awsError("UnrecognizedClientException", `No role ${principal.arn} is declared.`);
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
        identityPolicies: (role?.policies ?? []).map((it) => ({ name: it.name, policy: it.document })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy,
      },
      {},
    );
    if (answer.resultType === "error")
      throw awsError(
        "ValidationException",
        `IAM cannot judge ${permission.action} on ${permission.resource}: ${JSON.stringify(answer.errors)}`,
      );
    const analysis = answer.overallResult === "Allowed";
    if (analysis && role !== undefined) remember(role, permission);
    return {
      principal: principalName(principal),
      action: permission.action,
      resource: permission.resource,
      allowed: analysis,
      ...(analysis
        ? {}
        : {
            denial:
              `${role === undefined ? "Service" : "User"}: ${role === undefined ? principalName(principal) : sessionArn(role)} is not authorized to perform: ` +
              `${permission.action} on resource: ${permission.resource}` +
              `${answer.overallResult === "ExplicitlyDenied" ? " with an explicit deny" : ""}.${nearest(role, permission)}`,
          }),
    };
  }

  const sessionArn = (role: Role) => account.arn("sts", `assumed-role/${role.name}/rehearsal`, { region: "" });

  function remember(role: Role, permission: Permission): void {
    for (const policy of role.policies)
      for (const [index, statement] of (policy.document.Statement as Statement[]).entries())
        for (const action of asList(statement.Action))
          for (const pattern of asList(statement.Resource))
            if (action === permission.action && covers(pattern, permission.resource))
              used.add(`${grantKey({ role: role.name, policy: policy.name, statement: index, action })} ${pattern}`);
  }

  return {
    resources,
    decisions,
    /**
     * Decides one call and records the decision.
     * @throws AwsError AccessDeniedException naming role, action, resource and the nearest statement
     */
    async authorize(principal: Principal, permission: Permission, resourcePolicy?: PolicyDocument): Promise<void> {
      if (principal.kind === "operator" || principal.kind === "aws") return;
      const decision = await decide(principal, permission, resourcePolicy);
      decisions.push(decision);
      if (decision.denial !== undefined) throw awsError("AccessDeniedException", decision.denial);
    },
    /** @throws AwsError AccessDenied where the role's trust policy does not name the service */
    async assume(service: string, roleArn: string): Promise<void> {
      const role = roles.get(roleArn);
      if (role === undefined) throw awsError("NoSuchEntity", `The role ${roleArn} cannot be found.`, 404);
      const permission = { action: "sts:AssumeRole", resource: roleArn };
      const decision = await decide({ kind: "service", service }, permission, role.trust);
      decisions.push(decision);
      if (decision.denial !== undefined)
        throw awsError("AccessDenied", `${service} is unable to assume the role ${roleArn}: ${decision.denial}`, 403);
    },
    exists: (roleArn: string) => roles.has(roleArn),
    roles: () => [...roles.values()].map((it) => ({ name: it.name, arn: it.arn, policies: it.policies })),
    /** What the program grants and no call has needed yet: each action of each statement on each of its resources. */
    unused(): Grant[] {
      return grantsOf([...roles.values()]).filter((it) => !used.has(`${grantKey(it)} ${it.resource}`));
    },
    grants: (): Grant[] => grantsOf([...roles.values()]),
  };
}

export type Iam = ReturnType<typeof createIam>;

function grantsOf(roles: Role[]): Grant[] {
  const grants: Grant[] = [];
  for (const role of roles)
    for (const policy of role.policies)
      for (const [index, statement] of (policy.document.Statement as Statement[]).entries()) {
        if (statement.Effect !== "Allow") continue;
        for (const action of asList(statement.Action))
          for (const resource of asList(statement.Resource))
            grants.push({ role: role.name, policy: policy.name, statement: index, action, resource });
      }
  return grants;
}

/** Whether a policy's resource pattern covers an ARN: `*` any characters, `?` one. */
export function covers(pattern: string, resource: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(resource);
}
