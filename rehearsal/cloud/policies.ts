export interface Statement {
  Sid?: string;
  Effect: string;
  /** Only in policies of resources, and in trust policies. */
  Principal?: string | Record<string, string | string[]>;
  Action: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** A policy, checked by `readPolicy`. */
export interface PolicyDocument {
  Version: string;
  Statement: Statement[];
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

/** All grants of a role. */
export function grantsOf(role: string, policies: NamedPolicy[]): Grant[] {
  return policies.flatMap((policy) =>
    policy.document.Statement.flatMap((it, statement) =>
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
            Statement: policy.document.Statement.flatMap((it, index) =>
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
