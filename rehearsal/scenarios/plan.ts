import type { Scenario } from "./scenario";

/** Scenarios played one after another in one account, and that account's configuration. */
export interface PlannedAccount {
  scenarios: Scenario[];
  /** Override the stack file's. */
  settings?: Record<string, unknown>;
  /** Names of secrets that exist before the program is evaluated. */
  secrets?: string[];
  repeats?: boolean;
}

const stackOf = ({ stack = "dev" }: Scenario): string => stack;

/** The scenarios of a stack, in their order. */
export const scenariosOf = (stack: string, scenarios: Scenario[]): Scenario[] =>
  scenarios.filter((it) => stackOf(it) === stack);

/**
 * Assigns a stack's scenarios to accounts. Each that needs a fresh account gets its own. The others run one after
 * another in the first, with their prerequisites and in their own order, since each leaves a version behind.
 * @throws for an unknown name, listing the known ones, and for a stack without scenarios
 */
export function plan(names: string[], scenarios: Scenario[], stack = "dev"): PlannedAccount[] {
  const known = scenariosOf(stack, scenarios);
  if (known.length === 0)
    throw new Error(
      `Stack ${stack} has no scenarios: there are some for ${[...new Set(scenarios.map(stackOf))].join(", ")}.`,
    );
  const named = names.map((name) => find(name, known, stack));
  const separate = known.filter((it) => named.includes(it) && hasOwnAccount(it));
  const shared = withNeeds(
    named.filter((it) => !hasOwnAccount(it)),
    known,
    stack,
  );
  const accounts = [{ scenarios: shared }, ...separate.map((it) => ownAccount(it, withNeeds([it], known, stack)))];
  return accounts.filter((account) => account.scenarios.length > 0);
}

function find(name: string, known: Scenario[], stack: string): Scenario {
  const scenario = known.find((it) => it.name === name);
  if (scenario === undefined)
    throw new Error(
      `There is no scenario ${name} for stack ${stack}: there are ${known.map((it) => it.name).join(", ")}.`,
    );
  return scenario;
}

const hasOwnAccount = ({ fresh, settings, secrets, repeats }: Scenario): boolean =>
  fresh === true || settings !== undefined || secrets !== undefined || repeats === true;

const ownAccount = ({ settings, secrets, repeats }: Scenario, scenarios: Scenario[]): PlannedAccount => ({
  scenarios,
  ...(settings === undefined ? {} : { settings }),
  ...(secrets === undefined ? {} : { secrets }),
  ...(repeats === undefined ? {} : { repeats }),
});

/** The scenarios and their prerequisites. */
function withNeeds(scenarios: Scenario[], known: Scenario[], stack: string): Scenario[] {
  const wanted = new Set<Scenario>();
  const want = (scenario: Scenario): void => {
    wanted.add(scenario);
    for (const needed of scenario.needs ?? []) want(find(needed, known, stack));
  };
  scenarios.forEach(want);
  return known.filter((it) => wanted.has(it));
}
