import { asList, type Statement } from "./cloud/policies";
import type { Declaration } from "./cloud/service";

/** Changes what the program declares before it is created: how a mistake is made on purpose, to see it caught. */
export interface FaultInjection {
  alter(declaration: Declaration): Declaration;
  /** @throws if nothing was there to be broken, saying what is */
  check(): void;
}

/**
 * Takes an action out of every policy of the roles whose names match.
 * @param action as policies spell it: `sqs:SendMessage`
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
