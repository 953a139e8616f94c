import type { PolicyDocument } from "./service";

export interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

export interface NamedPolicy {
  name: string;
  document: PolicyDocument;
}

/** One action of one statement on one of its resources: the smallest part that can be revoked. */
export interface Grant {
  role: string;
  policy: string;
  statement: number;
  action: string;
  resource: string;
}

export const asList = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

export const statementsOf = (policy: NamedPolicy): Statement[] => policy.document.Statement as Statement[];

/** All grants of a role. */
export function grantsOf(role: string, policies: NamedPolicy[]): Grant[] {
  return policies.flatMap((policy) =>
    statementsOf(policy).flatMap((it, statement) =>
      it.Effect !== "Allow"
        ? []
        : asList(it.Action).flatMap((action) =>
            asList(it.Resource).map((resource) => ({ role, policy: policy.name, statement, action, resource })),
          ),
    ),
  );
}

/** The policies without the grant: its statement is split, and this one combination left out. */
export function withoutGrant(policies: NamedPolicy[], grant: Grant): NamedPolicy[] {
  return policies.map((policy) =>
    policy.name !== grant.policy
      ? policy
      : {
          name: policy.name,
          document: {
            Version: policy.document.Version,
            Statement: statementsOf(policy).flatMap((it, index) =>
              index === grant.statement ? split(it, grant) : [it],
            ),
          },
        },
  );
}

function split(statement: Statement, { action, resource }: Grant): Statement[] {
  const actions = asList(statement.Action);
  const resources = asList(statement.Resource);
  const halves = [
    { ...statement, Action: actions.filter((it) => it !== action) },
    { ...statement, Action: [action], Resource: resources.filter((it) => it !== resource) },
  ];
  return halves.filter((it) => it.Action.length > 0 && asList(it.Resource).length > 0);
}

/** Whether a policy's resource pattern covers an ARN: `*` matches any characters, `?` one. */
export function covers(pattern: string, resource: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(resource);
}
