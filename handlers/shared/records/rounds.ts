import { explain } from "../failure";
import { log } from "../log";
import type { RecordContext } from "./context";
import { advanceRecord, type DeploymentProgress, type DeploymentRecord, isEnded } from "./record";

/** What one round makes of a record. */
export interface Round extends DeploymentProgress {
  /** The next round has something to do at once. */
  further?: boolean | undefined;
}

/** What is recorded, and carried out round by round. */
export interface RecordedWork {
  /** One observation, and what follows from it. It may be repeated, and of several at once only one is recorded. */
  step(record: DeploymentRecord): Promise<Round>;
  /** Reports the outcome of a record that has ended. May be repeated. @returns whether nothing is left to do */
  conclude(record: DeploymentRecord): Promise<boolean>;
}

// Registered, started, followed, failed, taken back: no work has more rounds at once.
const ROUNDS = 8;

/**
 * Takes a record as far as it goes without waiting.
 * @returns whether it is over
 */
export async function takeRounds(
  { table, now }: RecordContext,
  record: DeploymentRecord,
  work: RecordedWork,
): Promise<boolean> {
  let current = record;
  for (let round = 0; round < ROUNDS && !isEnded(current); round += 1) {
    const { further, ...progress } = await work.step(current);
    const next = await advanceRecord(table, current, progress, now());
    const { id, application, version } = current;
    if (next === undefined) {
      log("info", "record was advanced by another round", { id, application });
      return false;
    }
    const { state, summary, cause } = progress;
    log(state === "failed" ? "error" : "info", `${id} ${state}`, { application, version, summary, cause });
    current = next;
    if (!isEnded(next) && !further) {
      return false;
    }
  }
  return isEnded(current) && (await work.conclude(current));
}

/**
 * Takes a record further that a message will take further too: what fails here is not lost.
 */
export async function goOn({ application }: RecordContext, work: () => Promise<boolean>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log("warn", "left to the next message", { application, cause: explain(error) });
  }
}
