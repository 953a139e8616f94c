/**
 * `npm run mutants`: makes single mistakes in a copy of the project, one after the other, and runs the tests that must
 * catch each. `--only TEXT` takes only those whose name contains the text. Exit code 1 if a mistake is not caught, or
 * cannot be made because somebody has changed the text that it replaces.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import type { Mutant } from "./mutant";
import { MUTANTS } from "./mutants";
import { openWorkshop, type TestRun, type Workshop } from "./workshop";

const root = path.resolve(__dirname, "../..");

const print = (line: string) => process.stdout.write(`${line}\n`);

async function main(args: string[]): Promise<number> {
  const { only = "" } = parseArgs({ args, options: { only: { type: "string" } } }).values;
  const chosen = MUTANTS.filter(({ name }) => name.includes(only));
  if (chosen.length === 0) throw new Error(`No mistake has a name with ${JSON.stringify(only)}.`);
  const interruption = new AbortController();
  const stop = () => interruption.abort(new Error("Interrupted: the copy of the project is removed."));
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const workshop = await openWorkshop(root, interruption.signal);
  try {
    return await tryAll(workshop, chosen);
  } finally {
    await workshop.close();
  }
}

async function tryAll(workshop: Workshop, mutants: Mutant[]): Promise<number> {
  const begun = performance.now();
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))].sort();
  const sound = await workshop.test(tests);
  if (!sound.passed) throw new Error(`${sound.output}\nThe tests fail without any mistake: see above.`);
  print(`Without a mistake: ${tests.length} test files pass`);
  let caught = 0;
  for (const mutant of mutants) {
    const run = await workshop.testWith(mutant);
    if (run.failed !== undefined) caught += 1;
    print(verdictOf(mutant, run));
  }
  const seconds = Math.round((performance.now() - begun) / 1_000);
  print(`${caught} of ${mutants.length} mistakes are caught (${seconds} s)`);
  return caught === mutants.length ? 0 : 1;
}

function verdictOf({ name, tests }: Mutant, { passed, failed, output }: TestRun): string {
  if (failed !== undefined) return `caught      ${name}\n            by ${failed}`;
  if (passed) return `NOT CAUGHT  ${name}\n            ${tests.join(", ")}`;
  return `NOT CAUGHT  ${name}\n            the tests did not run to their end:\n${output}`;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
