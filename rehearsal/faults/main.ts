import { cpus } from "node:os";
import { unfitNode } from "../nodeVersion";
import { chooseCombinations } from "./choice";
import { createCrew } from "./crew";
import { deliveries } from "./deliveries";
import { type KeptResults, openResults } from "./kept";
import { report } from "./matrix";
import { type FaultsOptions, help, readOptions } from "./options";
import type { Recording } from "./player";
import { nameOf, type Result } from "./result";
import { reportSweep } from "./webhooks/report";
import { sweepWebhooks } from "./webhooks/sweep";

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(argv: string[]): Promise<number> {
  const unfit = unfitNode();
  if (unfit !== undefined) {
    process.stderr.write(`${unfit}\n`);
    return 2;
  }
  let options: FaultsOptions;
  try {
    options = readOptions(argv);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}; see npm run faults -- --help\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const held = await playAll(options);
  const refused = await sendWebhooks(options);
  return held && refused ? 0 : 1;
}

/** @returns whether every generated delivery got an allowed response */
async function sendWebhooks({ webhooks: count, seed }: FaultsOptions): Promise<boolean> {
  if (count === 0) return true;
  say(`\nSending ${count} generated webhook deliveries`);
  const sweep = await sweepWebhooks({ count, seed });
  say(reportSweep(sweep));
  return sweep.mistaken === 0;
}

/** @returns whether nothing is broken */
async function playAll(options: FaultsOptions): Promise<boolean> {
  if (options.sample === 0) return true;
  const kept = await openResults(options.resume);
  // Deliveries wait for simulated time: two processes per core keep it busy.
  const crew = createCrew(Math.min(4, 2 * cpus().length));
  try {
    const wanted = deliveries.map(({ name }) => name).filter((it) => mayConcern(options.only, it));
    say(`Recording ${wanted.join(", ")}`);
    const recordings = await crew.record(wanted);
    const sound = recordings.filter(isSound);
    const combinations = chooseCombinations(sound, options);
    const former = new Map(kept.results.map((it) => [nameOf(it), it]));
    const left = combinations.filter((it) => !former.has(nameOf(it)));
    const results = combinations.flatMap((it) => former.get(nameOf(it)) ?? []);
    say(`${combinations.length} combinations of a delivery and a fault, ${left.length} of them to play`);
    const progress = createProgress(left.length);
    await crew.play(left, sound, (result) => note(result, results, kept, progress));
    say(`\n${report(results)}`);
    return sound.length === wanted.length && results.every(({ verdict }) => verdict !== "broken");
  } finally {
    crew.close();
  }
}

/** Whether a combination of the delivery may have a name containing this text. */
const mayConcern = (only: string | undefined, delivery: string): boolean =>
  only === undefined || !deliveries.some(({ name }) => only.startsWith(`${name} `)) || only.startsWith(`${delivery} `);

function isSound({ delivery, outcome, violations, took, faults }: Recording): boolean {
  say(`  ${delivery}: ${outcome} after ${(took / 60_000).toFixed(1)} minutes; ${faults.length} faults to inject`);
  for (const violation of violations) say(`    Broken without a fault: ${violation}`);
  return violations.length === 0;
}

async function note(result: Result, results: Result[], kept: KeptResults, progress: (it: Result) => void) {
  results.push(result);
  await kept.keep(result);
  progress(result);
}

/** A counter on a terminal, otherwise a line per combination. */
function createProgress(all: number): (result: Result) => void {
  const began = performance.now();
  let done = 0;
  let broken = 0;
  return (result) => {
    done += 1;
    if (result.verdict === "broken") broken += 1;
    const minutes = Math.ceil((((performance.now() - began) / done) * (all - done)) / 60_000);
    const counter = `${done} of ${all}, ${broken} broken, about ${minutes} minutes left`;
    if (process.stdout.isTTY && !process.env.CI) process.stdout.write(`\r${counter.padEnd(70)}`);
    else say(`${counter}: ${nameOf(result)}: ${result.verdict} (${result.outcome}, ${result.seconds.toFixed(1)} s)`);
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
