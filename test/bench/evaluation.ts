import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { CACHE } from "../../infra/lambda/serialization";
import { createClock } from "../../rehearsal/clock";
import { type Account, createCloud } from "../../rehearsal/cloud/cloud";
import type { Created } from "../../rehearsal/cloud/service";
import { services } from "../../rehearsal/cloud/services";
import { evaluate, type Program } from "../../rehearsal/program";
import { readValues } from "../../rehearsal/stackFile";
import { SCENARIO_STACKS } from "../../rehearsal/stacks";

const ROUNDS = 5;
const LIMIT = 2.5;

/** Evaluates both programs in turns, so that whatever else the machine does falls on both. */
export async function evaluation(root: string): Promise<string[]> {
  const platform = await recorded(root, SCENARIO_STACKS);
  const baseline = await recorded(path.join(root, "test/bench/baseline"));
  const times = { baseline: [] as number[], platform: [] as number[], anew: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.baseline.push(await baseline());
    await rm(CACHE, { recursive: true, force: true });
    times.anew.push(await platform());
    times.platform.push(await platform());
  }
  const [one, all, anew] = [median(times.baseline), median(times.platform), median(times.anew)];
  return [
    `one bucket ${one.toFixed(0)} ms, slipway ${all.toFixed(0)} ms (medians of ${ROUNDS})`,
    `ratio ${(all / one).toFixed(2)}, limit ${LIMIT}`,
    `the first time after a change of a callback, when all are serialised anew: ${anew.toFixed(0)} ms, ratio ${(anew / one).toFixed(2)}`,
  ];
}

/**
 * Evaluates once into an account, and from then on against a monitor that answers from that recording: what the program
 * takes is measured, and not what the simulated account does.
 */
async function recorded(root: string, stackFiles = root): Promise<() => Promise<number>> {
  const values = await readValues(stackFiles, "dev");
  const answers = new Map<string, Promise<Created>>();
  const invocations = new Map<string, Promise<object>>();
  const remember = <T>(memory: Map<string, Promise<T>>, key: string, answer: () => Promise<T>): Promise<T> => {
    const known = memory.get(key) ?? answer();
    memory.set(key, known);
    return known;
  };
  await withAccount(async ({ create, invoke }) =>
    evaluate({
      root,
      stack: "dev",
      values,
      create: (declaration) => remember(answers, declaration.urn, () => create(declaration)),
      invoke: (token, inputs) => remember(invocations, token, () => invoke(token, inputs)),
    }),
  );
  const missing = (key: string) => Promise.reject(new Error(`${key} was not recorded.`));
  return async () => {
    const began = performance.now();
    await evaluate({
      root,
      stack: "dev",
      values,
      create: ({ urn }) => answers.get(urn) ?? missing(urn),
      invoke: (token) => invocations.get(token) ?? missing(token),
    });
    return performance.now() - began;
  };
}

/** Evaluates a stack of a project into an account of its own. */
export async function withProgram(root: string, stack: string, region: string): Promise<Program> {
  const values = await readValues(SCENARIO_STACKS, stack);
  return withAccount(({ create, invoke }) => evaluate({ root, stack, values, create, invoke }), region);
}

async function withAccount<T>(use: (account: Account) => Promise<T>, region = "us-east-1"): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), "slipway-bench-"));
  const account = createCloud({ region, clock: createClock(0), directory, services });
  await account.open();
  try {
    return await use(account);
  } finally {
    await account.close();
    await rm(directory, { recursive: true, force: true });
  }
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
