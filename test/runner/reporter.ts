import path from "node:path";
import Mocha from "mocha";

const { EVENT_RUN_END, EVENT_TEST_FAIL } = Mocha.Runner.constants;

/**
 * Mocha's dots, with each failure where it happens, all of them whole at the end, and a last line that counts:
 * `4377 passed, 0 failed, 1 skipped`.
 */
class Reporter extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    let first: string | undefined;
    runner.on(EVENT_TEST_FAIL, (test) => {
      const line = `${path.relative(process.cwd(), test.file ?? "")}: ${test.fullTitle()}`;
      first ??= line;
      process.stdout.write(`\nFailed: ${line}\n`);
    });
    // The base class has printed its epilogue before: it listens for the same event.
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      if (first !== undefined) process.stdout.write(`First failure: ${first}\n`);
      const skipped = pending === 0 ? "" : `, ${pending} skipped`;
      process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
    });
  }
}

module.exports = Reporter;
