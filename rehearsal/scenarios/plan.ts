import type { Scenario } from "./scenario";

/**
 * Puts scenarios into the accounts they are played in: those that want a fresh one alone, all others one after another in
 * the first, with what they need and in their own order, since each leaves a version behind.
 * @throws for a name that is none, with those that are
 */
export function plan(names: string[], scenarios: Scenario[]): Scenario[][] {
  const wanted = new Set<Scenario>();

  function want(name: string): void {
    const scenario = scenarios.find((it) => it.name === name);
    if (scenario === undefined)
      throw new Error(`There is no scenario ${name}: there are ${scenarios.map((it) => it.name).join(", ")}.`);
    wanted.add(scenario);
    for (const needed of scenario.needs ?? []) want(needed);
  }

  for (const name of names) want(name);
  const played = scenarios.filter((it) => wanted.has(it));
  const alone = played.filter((it) => it.fresh).map((it) => [it]);
  return [played.filter((it) => !it.fresh), ...alone].filter((account) => account.length > 0);
}
