import { log } from "../log";
import type { RecordContext } from "./context";
import { continueJob } from "./jobs";
import { advanceRecord, type DeploymentProgress, type DeploymentRecord, isEnded, readRecord } from "./record";

/** Why a record is looked at: CodePipeline's job, a message from the queue, or an event. */
export type Occasion<Event> = { kind: "job" } | { kind: "message" } | { kind: "event"; event: Event };

/** The result of one round. */
export interface Round extends DeploymentProgress {
  /** The next round can start at once. */
  further?: boolean | undefined;
}

/** Work that is recorded and done in rounds. */
export interface RecordedWork {
  /** One observation and the resulting action. May be repeated; of several concurrent ones, only one is recorded. */
  step(record: DeploymentRecord): Promise<Round>;
  /** Reports the outcome of an ended record. May be repeated. @returns whether nothing is left to do */
  conclude(record: DeploymentRecord): Promise<boolean>;
}

// Register, start, follow, fail, roll back: no work needs more rounds in a row.
const ROUNDS = 8;

/**
 * Advances a record as far as possible without waiting. A message also continues a job that has been open for long.
 * @returns whether it is done
 */
export async function takeRounds(
  context: RecordContext,
  record: DeploymentRecord,
  occasion: Occasion<unknown>,
  work: RecordedWork,
): Promise<boolean> {
  const isOver = await advance(context, record, work);
  if (occasion.kind === "message" && !isOver) {
    const current = await readRecord(context.table, record.id);
    if (current !== undefined && !isEnded(current)) {
      await continueJob(context, current);
    }
  }
  return isOver;
}

async function advance({ table, now }: RecordContext, record: DeploymentRecord, work: RecordedWork): Promise<boolean> {
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
