import type { AttributeValue, GetItemOutput } from "@aws-sdk/client-dynamodb";
import type { ScenarioContext } from "../scenarios/scenarioContext";
import { servicesOf } from "../scenarios/steps/delivered";
import { pipelineOf } from "../scenarios/steps/deliveries";
import { functionActions } from "../scenarios/steps/ended";
import { asOperator } from "../scenarios/steps/operator";
import { readState } from "../scenarios/steps/state";
import type { OpenAccount } from "./accounts";
import type { Happened, LockSample, RecordState, StackState } from "./evidence";

type Item = Record<string, AttributeValue>;

/** Key of a written item. */
interface Key {
  table: string;
  id: string;
}

/** Watches an account during one delivery. */
export interface Observer {
  readonly happened: Happened[];
  readonly locks: LockSample[];
  /** Reads the locks and all records written since. */
  look(): Promise<void>;
  records(): RecordState[];
  stacks(): Promise<StackState[]>;
  functionActions: ReadonlySet<string>;
  close(): void;
}

const LOCK = /^application\//;
const ended = new Set(["succeeded", "failed", "opened", "unchanged"]);

/** Keys of all items written to the account's tables since it was opened. */
const written = new WeakMap<ScenarioContext, Map<string, Key>>();

/** Records which items are written to the account's tables. Called once per account. */
export function noteWrites({ context, faults }: OpenAccount): void {
  const keys = new Map<string, Key>();
  written.set(context, keys);
  faults.onPerformed(({ service, operation, input }) => {
    if (service !== "dynamodb" || operation !== "PutItem") return;
    const { TableName = "", Item = {} } = input as { TableName?: string; Item?: Item };
    const id = Item.id?.S;
    if (id !== undefined) keys.set(`${TableName} ${id}`, { table: TableName, id });
  });
}

export function observe({ context }: OpenAccount): Observer {
  const { account, clock } = context;
  const happened: Happened[] = [];
  const locks: LockSample[] = [];
  const records = new Map<string, RecordState>();
  const keys = written.get(context) ?? new Map<string, Key>();
  const former = new Set(keys.keys());
  const looks: Promise<void>[] = [];
  const services = new Map(
    context.stacks.flatMap(({ name, environment }) =>
      servicesOf(context, name).map(({ serviceName }) => [serviceName, environment] as const),
    ),
  );

  const stop = account.onEvent((event) => {
    happened.push({ at: clock.now(), event });
    if (event.kind !== "deployment" || event.rolloutState !== "IN_PROGRESS") return;
    const environment = services.get(event.service);
    if (environment !== undefined) looks.push(lookAtLock(environment, event.service));
  });

  async function itemOf({ table, id }: Key): Promise<Item | undefined> {
    const Key = { id: { S: id } };
    const { Item } = await asOperator<GetItemOutput>(context, "dynamodb", "GetItem", {
      TableName: table,
      Key,
      ConsistentRead: true,
    });
    return Item;
  }

  /** An application has the same key in each stack's table; the table's name contains the stack's URN. */
  const locksOf = (environment: string): Key[] =>
    [...keys.values()].filter(({ table, id }) => LOCK.test(id) && tableEnvironment(context, table) === environment);

  async function lookAtLock(environment: string, rollout?: string): Promise<void> {
    for (const key of locksOf(environment)) {
      const name = key.id.endsWith("/migration") ? "migration" : "deployment";
      if (rollout !== undefined && name === "migration") continue;
      const item = await itemOf(key);
      const until = Number(item?.until?.N ?? 0) * 1000;
      locks.push({
        name,
        at: clock.now(),
        environment,
        owner: item?.owner?.S ?? "",
        until,
        ...(rollout && { rollout }),
      });
    }
  }

  async function lookAtRecords(): Promise<void> {
    for (const [key, it] of keys) {
      if (LOCK.test(it.id) || former.has(key) || records.get(it.id)?.endedAt !== undefined) continue;
      const state = (await itemOf(it))?.state?.S;
      if (state === undefined) continue;
      records.set(it.id, { id: it.id, state, ...(ended.has(state) && { endedAt: clock.now() }) });
    }
  }

  return {
    happened,
    locks,
    functionActions: functionActions(context),
    async look() {
      for (const { environment } of context.stacks) await lookAtLock(environment);
      await lookAtRecords();
    },
    records: () => [...records.values()],
    async stacks() {
      await Promise.all(looks);
      const states: StackState[] = [];
      for (const { name, environment } of context.stacks) {
        const { services, tagged, schedules } = await readState(context, name);
        const versions = [...new Set(schedules.map(({ version }) => version))];
        states.push({ environment, pipeline: pipelineOf(context, name), services, tagged, schedules: versions });
      }
      return states;
    },
    close: stop,
  };
}

function tableEnvironment({ stacks }: ScenarioContext, table: string): string | undefined {
  return stacks.find(({ registrations }) =>
    registrations.some(({ type, outputs }) => type === "aws:dynamodb/table:Table" && outputs.name === table),
  )?.environment;
}
