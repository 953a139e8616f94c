import { explain, failureType, isTransient } from "../shared/failure";
import { acquireLock, describeHolder, releaseLock } from "../shared/lock";
import { log } from "../shared/log";
import type { RecordContext } from "../shared/records/context";
import { isExecutionOver, reportOutcome } from "../shared/records/jobs";
import { actionRecordId, type DeploymentRecord, isEnded, readRecord } from "../shared/records/record";
import { type Occasion, type Round, takeRounds } from "../shared/records/rounds";
import { advance, type MigrationContext, type MigrationOutcome } from "./migration";
import { decodeState, encodeState, type MigrationState } from "./state";
import { observationOf, type TaskStateChange, taskIdOf } from "./taskEvent";

export interface RecordedMigration extends RecordContext {
  migration: MigrationContext;
}

/** How long the start is retried while AWS cannot be reached, in seconds. */
const PATIENCE = 30 * 60;

/** The lock of the application's migrations: only one runs at a time. */
const lockOf = (application: string) => `${application}/migration`;

/**
 * Advances a recorded migration as far as possible without waiting.
 * @returns whether the record is done
 */
export async function advanceMigration(
  context: RecordedMigration,
  record: DeploymentRecord,
  occasion: Occasion<TaskStateChange>,
): Promise<boolean> {
  return takeRounds(context, record, occasion, {
    step: (current) => step(context, current, occasion),
    conclude: (current) => conclude(context, current, occasion),
  });
}

/** The record of the migration that started a task, unless it has ended. */
export async function recordOfTask({ table }: RecordContext, { startedBy }: TaskStateChange) {
  if (startedBy === undefined || !/^[0-9a-f-]{36}$/.test(startedBy)) {
    return undefined;
  }
  const record = await readRecord(table, actionRecordId("migrate", startedBy));
  return record === undefined || isEnded(record) ? undefined : record;
}

async function step(
  context: RecordedMigration,
  record: DeploymentRecord,
  occasion: Occasion<TaskStateChange>,
): Promise<Round> {
  const { migration, now } = context;
  const { action, image, version, token, requestedAt, until } = record;
  const state = token === undefined ? undefined : decodeState(token);
  if (action === undefined || now() >= until * 1_000) {
    return { state: "failed", cause: `the migration did not end within 24 hours${hintOf(migration, state)}` };
  }
  try {
    const hindrance = state?.task === undefined ? await hindranceOf(context, record, occasion) : undefined;
    if (hindrance !== undefined) {
      return hindrance;
    }
    const task = observed(occasion, state);
    const observing = task === undefined ? migration : { ...migration, observed: task };
    return roundOf(state, await advance(observing, { image, version, execution: action.execution }, state));
  } catch (error) {
    const isEarly = isTransient(error) && now() - Date.parse(requestedAt) < PATIENCE * 1_000;
    // Never abandon a running migration: the next push would start a second one in parallel.
    if (state?.task !== undefined || isEarly) {
      log("warn", "migration progress not read", { task: state?.task, cause: explain(error) });
      return { state: "inProgress", token, summary: `retrying: ${explain(error)}` };
    }
    return { state: "failed", cause: explain(error), type: failureType(error) };
  }
}

/** Why a migration does not start: its execution has ended, or another migration of the application is running. */
async function hindranceOf(
  context: RecordedMigration,
  { action, version, token, until }: DeploymentRecord,
  occasion: Occasion<TaskStateChange>,
): Promise<Round | undefined> {
  if (action === undefined) {
    return undefined;
  }
  if (occasion.kind === "message" && (await isExecutionOver(context, action))) {
    return { state: "failed", cause: "the pipeline execution ended before the migration was started" };
  }
  const { application, table, now } = context;
  const holder = { owner: action.execution, by: "execution" as const, version, until };
  const other = await acquireLock(table, lockOf(application), holder, Math.floor(now() / 1_000));
  return other && { state: "inProgress", token, summary: `waiting for the migration of ${describeHolder(other)}` };
}

function observed(occasion: Occasion<TaskStateChange>, state: MigrationState | undefined) {
  return occasion.kind === "event" && taskIdOf(occasion.event) === state?.task
    ? observationOf(occasion.event)
    : undefined;
}

function roundOf(before: MigrationState | undefined, outcome: MigrationOutcome): Round {
  switch (outcome.kind) {
    case "underWay": {
      const { state, summary } = outcome;
      const further = before === undefined || (state.task !== undefined && before.task === undefined);
      return { state: "inProgress", token: encodeState(state), summary, further };
    }
    case "done":
      return { state: "succeeded", summary: outcome.summary };
    case "failed":
      return { state: "failed", cause: outcome.message };
  }
}

async function conclude(
  context: RecordedMigration,
  record: DeploymentRecord,
  occasion: Occasion<TaskStateChange>,
): Promise<boolean> {
  const { action } = record;
  if (action === undefined) {
    return true;
  }
  await releaseLock(context.table, lockOf(context.application), action.execution);
  const { reported } = await reportOutcome(context, record);
  return reported === true || (occasion.kind === "message" && (await isExecutionOver(context, action)));
}

function hintOf({ options: { cluster } }: MigrationContext, state: MigrationState | undefined): string {
  return state?.task === undefined ? "" : `: task ${state.task} in cluster ${cluster} may still be running`;
}
