import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClock } from "../../rehearsal/clock";
import { createCloud } from "../../rehearsal/cloud/cloud";
import { services } from "../../rehearsal/cloud/services";
import { evaluate, type Program } from "../../rehearsal/program";

const ROUNDS = 5;
const LIMIT = 2.5;

/** Evaluates both programs in turns, so that whatever else the machine does falls on both. */
export async function evaluation(root: string): Promise<string[]> {
  const platform: number[] = [];
  const baseline: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    baseline.push(await milliseconds(path.join(root, "test/bench/baseline")));
    platform.push(await milliseconds(root));
  }
  const ratio = median(platform) / median(baseline);
  return [
    `one bucket ${median(baseline).toFixed(0)} ms, slipway ${median(platform).toFixed(0)} ms (medians of ${ROUNDS})`,
    `ratio ${ratio.toFixed(2)}, limit ${LIMIT}`,
  ];
}

async function milliseconds(root: string): Promise<number> {
  return (await withProgram(root)).took;
}

/** Evaluates stack dev of a project into an account of its own, and tells how long the language host took. */
export async function withProgram(root: string): Promise<Program & { took: number }> {
  const directory = await mkdtemp(path.join(tmpdir(), "slipway-bench-"));
  const account = createCloud({ region: "us-east-1", clock: createClock(0), directory, services });
  await account.open();
  try {
    const began = performance.now();
    const program = await evaluate({ root, stack: "dev", create: account.create, invoke: account.invoke });
    return { ...program, took: performance.now() - began };
  } finally {
    await account.close();
    await rm(directory, { recursive: true, force: true });
  }
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
