import { setTimeout } from "node:timers/promises";
import type { Chats } from "../chat/chats";
import type { Clock } from "../clock";
import type { Account } from "../cloud/cloud";
import type { CloudEvent } from "../cloud/events";
import type { Forges } from "../forges/forges";
import type { RefUpdate, Repository } from "../forges/repository";
import { type RequestOptions, type Response, request } from "../forges/request";
import { storefront } from "../forges/storefront";
import type { Delivery } from "../forges/webhook";
import type { Registration } from "../monitor";
import type { Rehearsal } from "../rehearsal";
import { natInstanceReady } from "./steps/natReady";
import { type Outputs, readOutputs } from "./steps/outputs";

/** A version seen in a service's response. */
export interface Sighting {
  version: string;
  environment: string;
  url: string;
}

/** A stack in the account. */
export interface ScenarioStack {
  readonly name: string;
  /** Its images' tag. */
  readonly environment: string;
  readonly outputs: Outputs;
  /** What the program declared. */
  readonly registrations: readonly Registration[];
}

/** The environment of a scenario: the account, the forges, and the service's users. */
export interface ScenarioContext {
  readonly account: Account;
  readonly clock: Clock;
  /** Name of the rehearsed stack. */
  readonly stack: string;
  /** It, preceded by the stacks that supply its images. */
  readonly stacks: readonly ScenarioStack[];
  /** Of the rehearsed stack. */
  readonly outputs: Outputs;
  readonly registrations: readonly Registration[];
  readonly forges: Forges;
  /** acme/storefront, on GitHub unless a scenario overrides it. */
  repository: Repository;
  readonly chats: Chats;
  readonly seen: Sighting[];
  /** Number of events at the last push: later ones are its effects. */
  mark: number;
  /** Calls an address by its public name. Takes hardly any simulated time, even on a busy machine. */
  ask(url: string, options?: RequestOptions): Promise<Response>;
  /**
   * Sends the forge's webhooks for a push to acme/storefront or another repository, and sets the mark. The mark is set
   * before a pending commit completes: a poll may find it immediately.
   * @returns the delivery; undefined if the account polls branches instead
   */
  push(update: RefUpdate | Promise<RefUpdate>, repository?: Repository): Promise<Delivery | undefined>;
  /** Advances simulated time at once, and waits for what falls due to finish. */
  pass(milliseconds: number): Promise<void>;
  /** The events after the mark. */
  since(): CloudEvent[];
  /** The first event after the mark that `accept` accepts, past or future. */
  event<E extends CloudEvent>(accept: (event: CloudEvent) => event is E): Promise<E>;
  close(): Promise<void>;
}

/**
 * One of the stacks; by default the rehearsed one.
 * @throws for a stack that is not in the account
 */
export function stackOf(context: ScenarioContext, name = context.stack): ScenarioStack {
  const stack = context.stacks.find((it) => it.name === name);
  if (stack === undefined)
    throw new Error(
      `Stack ${name} is not in this account: there are ${context.stacks.map((it) => it.name).join(", ")}.`,
    );
  return stack;
}

/** How pushes enter the account. */
export interface PushEntry {
  /** The stack that receives them: the rehearsed one, or the first that builds its images. */
  stack: string;
  /** A repository's webhook address and secret; undefined if the stack polls. */
  webhook: { url: string; secret: string } | undefined;
}

/**
 * @param key `<forge>/<repository>`
 * @throws if the stack uses webhooks but has none for this repository
 */
export function pushEntryOf({ stacks }: Pick<ScenarioContext, "stacks">, key = `github/${storefront}`): PushEntry {
  const listening = [...stacks].reverse().find(({ outputs }) => outputs.webhookUrls !== undefined);
  if (listening === undefined) return { stack: stacks[0]?.name ?? "", webhook: undefined };
  const { webhookUrls = {}, webhookSecrets = {} } = listening.outputs;
  const [url, secret] = [webhookUrls[key], webhookSecrets[key]];
  if (url === undefined || secret === undefined)
    throw new Error(`The outputs webhookUrls and webhookSecrets of ${listening.name} have no ${key}.`);
  return { stack: listening.name, webhook: { url, secret } };
}

/** Simulated milliseconds per step, and real ones in between. */
const stride = 5_000;
const pause = 5;

/**
 * The environment of scenarios in a rehearsal: an empty repository, and no webhook yet.
 * @throws if the stack's outputs lack what scenarios need; the account is then closed
 */
export async function createScenarioContext(rehearsal: Rehearsal): Promise<ScenarioContext> {
  try {
    return await enter(rehearsal);
  } catch (error) {
    await rehearsal.close();
    throw error;
  }
}

async function enter(rehearsal: Rehearsal): Promise<ScenarioContext> {
  const { account, external, close } = rehearsal;
  const { forges, repository, chats } = external;
  const { clock, addresses } = account;
  const stacks = rehearsal.stacks.map(({ name, environment, program }) => ({
    name,
    environment,
    outputs: readOutputs(program.outputs),
    registrations: program.registrations,
  }));
  const rehearsed = stacks.at(-1);
  if (rehearsed === undefined) throw new Error("No stack was evaluated into the account.");
  await natInstanceReady(account, rehearsed.registrations);

  const context: ScenarioContext = {
    account,
    clock,
    stack: rehearsed.name,
    stacks,
    outputs: rehearsed.outputs,
    registrations: rehearsed.registrations,
    forges,
    repository,
    chats,
    seen: [],
    mark: 0,
    ask: (url, asked) => clock.during(request(addresses, url, asked)),
    async push(update, pushed = context.repository) {
      context.mark = account.events.length;
      const push = async () => forges.push(pushed, await update);
      // On a busy machine, a large commit would otherwise take minutes of the account's time.
      const [delivery] = await clock.during(push());
      if (delivery === undefined && stacks.some(({ outputs }) => outputs.webhookUrls !== undefined))
        throw new Error(`No webhook of ${pushed.name} takes pushes: add one first.`);
      return delivery;
    },
    async pass(milliseconds) {
      // In steps: a health check that falls due sends an HTTP request, and its response takes real time.
      for (let left = milliseconds; left > 0; left -= stride) {
        await clock.turn(Math.min(left, stride));
        // No faster than real time: otherwise a late timer would skip minutes on a busy machine.
        await clock.during(setTimeout(pause));
        await clock.settled();
      }
    },
    since: () => account.events.slice(context.mark),
    async event(accept) {
      return context.since().find(accept) ?? account.until(accept);
    },
    close,
  };
  return context;
}
