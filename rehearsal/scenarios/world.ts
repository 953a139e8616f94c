import path from "node:path";
import { setTimeout } from "node:timers/promises";
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
  url: string;
}

/** What a scenario plays in: the account, GitHub, and those who use the service. */
export interface World {
  readonly account: Account;
  readonly clock: Clock;
  readonly outputs: Outputs;
  /** What the program declared. */
  readonly registrations: readonly Registration[];
  readonly github: GitHub;
  /** acme/storefront */
  readonly repository: Repository;
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

/** Simulated milliseconds that are turned at once, and real ones in between. */
const stride = 5_000;
const pause = 5;

export interface WorldOptions {
  onDelivery?: (delivery: Delivery) => void;
  onFault?: (error: Error) => void;
}

/**
 * Puts GitHub beside an account, with an empty repository and no webhook yet.
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
  const outputs = readOutputs(rehearsal.program.outputs);
  const directory = path.join(account.directory, "github");
  const github = await startGitHub({ directory, addresses, clock, ...options });
  const repository = await github.createRepository(storefront);

  const world: World = {
    account,
    clock,
    outputs,
    registrations: rehearsal.program.registrations,
    github,
    repository,
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
      await github.close();
      await rehearsal.close();
    },
  };
  return world;
}
