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

/** A version that a service answered with. */
export interface Sighting {
  version: string;
  environment: string;
  url: string;
}

/** A stack that stands in the account. */
export interface ScenarioStack {
  readonly name: string;
  /** What its images are tagged with. */
  readonly environment: string;
  readonly outputs: Outputs;
  /** What the program declared. */
  readonly registrations: readonly Registration[];
}

/** What a scenario plays in: the account, the forges, and those who use the service. */
export interface ScenarioContext {
  readonly account: Account;
  readonly clock: Clock;
  /** Name of the stack that is rehearsed. */
  readonly stack: string;
  /** It, and before it those whose images it takes. */
  readonly stacks: readonly ScenarioStack[];
  /** Of the stack that is rehearsed. */
  readonly outputs: Outputs;
  readonly registrations: readonly Registration[];
  readonly forges: Forges;
  /** acme/storefront, at GitHub unless a scenario has it elsewhere. */
  repository: Repository;
  readonly chats: Chats;
  readonly seen: Sighting[];
  /** How many events there were at the last push: what came after it is what came of it. */
  mark: number;
  /** Asks an address by its public name, which takes hardly any simulated time, however busy the machine is. */
  ask(url: string, options?: RequestOptions): Promise<Response>;
  /**
   * Tells the forge's webhooks of a push to acme/storefront, or to another repository, and sets the mark. The mark is set
   * before a commit that is still being made: a poll may find it as soon as it is there.
   * @returns the delivery; undefined where the account takes none and asks for branches itself
   */
  push(update: RefUpdate | Promise<RefUpdate>, repository?: Repository): Promise<Delivery | undefined>;
  /** Lets simulated time go by at once, and waits for what falls due meanwhile to be done. */
  pass(milliseconds: number): Promise<void>;
  /** The events after the mark. */
  since(): CloudEvent[];
  /** The first event after the mark that `accept` takes: one that happened already, or the next to come. */
  event<E extends CloudEvent>(accept: (event: CloudEvent) => event is E): Promise<E>;
  close(): Promise<void>;
}

/**
 * One of the stacks, the rehearsed one unless told.
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

/** How pushes come into the account. */
export interface Intake {
  /** The stack that takes them: the rehearsed one, or the one at the beginning of its images' way. */
  stack: string;
  /** Where a repository's webhook leads, with its secret; undefined where the stack polls its branches. */
  webhook: { url: string; secret: string } | undefined;
}

/**
 * @param key `<forge>/<repository>`
 * @throws where the stack takes webhooks, but none of this repository
 */
export function intakeOf({ stacks }: Pick<ScenarioContext, "stacks">, key = `github/${storefront}`): Intake {
  const listening = [...stacks].reverse().find(({ outputs }) => outputs.webhookUrls !== undefined);
  if (listening === undefined) return { stack: stacks[0]?.name ?? "", webhook: undefined };
  const { webhookUrls = {}, webhookSecrets = {} } = listening.outputs;
  const [url, secret] = [webhookUrls[key], webhookSecrets[key]];
  if (url === undefined || secret === undefined)
    throw new Error(`The outputs webhookUrls and webhookSecrets of ${listening.name} have no ${key}.`);
  return { stack: listening.name, webhook: { url, secret } };
}

/** Simulated milliseconds that are turned at once, and real ones in between. */
const stride = 5_000;
const pause = 5;

/**
 * What scenarios see of a rehearsal: an empty repository, and no webhook yet.
 * @throws if the stack's outputs lack what scenarios need; the account is closed then
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
      const [delivery] = await forges.push(pushed, await update);
      if (delivery === undefined && stacks.some(({ outputs }) => outputs.webhookUrls !== undefined))
        throw new Error(`No webhook of ${pushed.name} takes pushes: add one first.`);
      return delivery;
    },
    async pass(milliseconds) {
      // In steps: a health check that falls due asks over HTTP, and its answer takes real time to come.
      for (let left = milliseconds; left > 0; left -= stride) {
        await clock.turn(Math.min(left, stride));
        // At no more than real time: otherwise a late timer would let minutes go by on a busy machine.
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
