import { asList, type Statement } from "./cloud/policies";
import type { Declaration } from "./cloud/service";

/** Changes declared resources before creation: makes a mistake on purpose, to see it detected. */
export interface FaultInjection {
  alter(declaration: Declaration): Declaration;
  /** @throws if there was nothing to break, naming what was missing */
  check(): void;
}

/**
 * Removes an action from every policy of roles with matching names.
 * @param action as in policies: `sqs:SendMessage`
 */
export function withoutAction(action: string, role = /./): FaultInjection {
  const granted = new Set<string>();
  let taken = 0;

  function without(statement: Statement): Statement[] {
    const actions = asList(statement.Action);
    for (const each of actions) granted.add(each);
    const rest = actions.filter((it) => it !== action);
    taken += actions.length - rest.length;
    return rest.length === 0 ? [] : [{ ...statement, Action: rest }];
  }

  return {
    alter(declaration) {
      const { type, name, inputs } = declaration;
      if (type !== "aws:iam/rolePolicy:RolePolicy" || !role.test(name)) return declaration;
      const document: { Statement: Statement[] } = JSON.parse(String(inputs.policy));
      const policy = JSON.stringify({ ...document, Statement: document.Statement.flatMap(without) });
      return { ...declaration, inputs: { ...inputs, policy } };
    },
    check() {
      if (taken === 0)
        throw new Error(`--without ${action}: no role is granted it. Granted are ${[...granted].sort().join(", ")}.`);
    },
  };
}
