import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Chats, startChats } from "../chat/chats";
import type { Clock } from "../clock";
import type { Account } from "../cloud/cloud";
import type { CloudEvent } from "../cloud/events";
import type { Delivery } from "../github/deliveries";
import { type GitHub, startGitHub } from "../github/github";
import type { RefUpdate, Repository } from "../github/repository";
import { type RequestOptions, type Response, request } from "../github/request";
import { storefront } from "../github/storefront";
import type { Registration } from "../monitor";
import type { Rehearsal } from "../rehearsal";
import { type Outputs, readOutputs } from "./outputs";

/** A version that a service answered with. */
export interface Sighting {
  version: string;
  environment: string;
  url: string;
}

/** A stack that stands in the account. */
export interface WorldStack {
  readonly name: string;
  /** What its images are tagged with. */
  readonly environment: string;
  readonly outputs: Outputs;
  /** What the program declared. */
  readonly registrations: readonly Registration[];
}

/** What a scenario plays in: the account, GitHub, and those who use the service. */
export interface World {
  readonly account: Account;
  readonly clock: Clock;
  /** Name of the stack that is rehearsed. */
  readonly stack: string;
  /** It, and before it those whose images it takes. */
  readonly stacks: readonly WorldStack[];
  /** Of the stack that is rehearsed. */
  readonly outputs: Outputs;
  readonly registrations: readonly Registration[];
  readonly github: GitHub;
  /** acme/storefront */
  readonly repository: Repository;
  readonly chats: Chats;
  readonly seen: Sighting[];
  /** How many events there were at the last push: what came after it is what came of it. */
  mark: number;
  /** Asks an address by its public name. */
  ask(url: string, options?: RequestOptions): Promise<Response>;
  /** Pushes to acme/storefront, and sets the mark. */
  push(update: RefUpdate): Promise<Delivery>;
  /** Lets simulated time go by at once, with time for what falls due to be done. */
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
export function stackOf(world: World, name = world.stack): WorldStack {
  const stack = world.stacks.find((it) => it.name === name);
  if (stack === undefined)
    throw new Error(`Stack ${name} is not in this account: there are ${world.stacks.map((it) => it.name).join(", ")}.`);
  return stack;
}

/** The stack that pushes are delivered to: the rehearsed one, or the one at the beginning of its images' way. */
export function intakeOf({ stacks }: World): { stack: string; url: string; secret: string } {
  for (const { name, outputs } of [...stacks].reverse()) {
    const { webhookUrl: url, webhookSecret: secret } = outputs;
    if (url !== undefined && secret !== undefined) return { stack: name, url, secret };
  }
  throw new Error(`The outputs of ${stacks.map((it) => it.name).join(", ")} lack webhookUrl and webhookSecret.`);
}

/** Simulated milliseconds that are turned at once, and real ones in between. */
const stride = 5_000;
const pause = 5;

export interface WorldOptions {
  onDelivery?: (delivery: Delivery) => void;
  onFault?: (error: Error) => void;
}

/**
 * Puts GitHub and the chats beside an account, with an empty repository and no webhook yet.
 * @throws if the stack's outputs lack what scenarios need; the account is closed then
 */
export async function createWorld(rehearsal: Rehearsal, options: WorldOptions = {}): Promise<World> {
  try {
    return await enter(rehearsal, options);
  } catch (error) {
    await rehearsal.close();
    throw error;
  }
}

async function enter(rehearsal: Rehearsal, options: WorldOptions): Promise<World> {
  const { account } = rehearsal;
  const { clock, addresses } = account;
  const stacks = rehearsal.stacks.map(({ name, environment, program }) => ({
    name,
    environment,
    outputs: readOutputs(program.outputs),
    registrations: program.registrations,
  }));
  const rehearsed = stacks.at(-1);
  if (rehearsed === undefined) throw new Error("No stack was evaluated into the account.");
  const directory = path.join(account.directory, "github");
  const github = await startGitHub({ directory, addresses, clock, ...options });
  const repository = await github.createRepository(storefront);
  const chats = await startChats({ addresses });

  const world: World = {
    account,
    clock,
    stack: rehearsed.name,
    stacks,
    outputs: rehearsed.outputs,
    registrations: rehearsed.registrations,
    github,
    repository,
    chats,
    seen: [],
    mark: 0,
    ask: (url, asked) => request(addresses, url, asked),
    async push(update) {
      world.mark = account.events.length;
      const [delivery] = await github.push(repository, update);
      if (delivery === undefined) throw new Error(`No webhook of ${repository.name} takes pushes: add one first.`);
      return delivery;
    },
    async pass(milliseconds) {
      // In steps: a health check that falls due asks over HTTP, and its answer takes real time to come.
      for (let left = milliseconds; left > 0; left -= stride) {
        await clock.turn(Math.min(left, stride));
        await setTimeout(pause);
      }
    },
    since: () => account.events.slice(world.mark),
    async event(accept) {
      return world.since().find(accept) ?? account.until(accept);
    },
    async close() {
      await Promise.all([github.close(), chats.close()]);
      await rehearsal.close();
    },
  };
  return world;
}
