import path from "node:path";
import type { Clock } from "../clock";
import { createDeliverer, type Delivery, type Webhook } from "./deliveries";
import { pingPayload, pushPayload } from "./payloads";
import { createRepository, noCommit, type RefUpdate, type Repository } from "./repository";
import { type Fault, startServer } from "./server";
import { commitVersion } from "./storefront";

export interface GitHubOptions {
  /** Where the repositories are kept. */
  directory: string;
  /** The account's table of names: `github.com` and `codeload.github.com` are put in. */
  addresses: Map<string, string>;
  clock: Clock;
  /** Told of each delivery when its answer is in. */
  onDelivery?: (delivery: Delivery) => void;
  /** Told of each request that broke off, if it was not to. */
  onFault?: (error: Error) => void;
}

/** The outside world: repositories, their archives, their webhooks. */
export interface GitHub {
  /** `http://127.0.0.1:port`, where github.com answers on this machine. */
  readonly url: string;
  /** All repositories' "Recent deliveries", oldest first. */
  readonly deliveries: readonly Delivery[];
  /** How GitHub fails at the moment, if it does. */
  fault: Fault | undefined;
  /** @param name `acme/storefront` */
  createRepository(name: string): Promise<Repository>;
  /** "Add webhook": GitHub delivers `ping` at once. */
  addWebhook(webhook: Omit<Webhook, "id">): Promise<Delivery>;
  /** Delivers what moved to the webhooks of the repository, one delivery a webhook. */
  push(repository: Repository, update: RefUpdate): Promise<Delivery[]>;
  /** Delivers any event to one webhook. */
  deliver(webhook: Webhook, event: string, payload: object): Promise<Delivery>;
  /** "Redeliver". */
  redeliver(delivery: Delivery): Promise<Delivery>;
  close(): Promise<void>;
}

export async function startGitHub(options: GitHubOptions): Promise<GitHub> {
  const { addresses, clock } = options;
  const repositories = new Map<string, Repository>();
  const webhooks: Webhook[] = [];
  const deliverer = createDeliverer(options);

  async function push(repository: Repository, update: RefUpdate): Promise<Delivery[]> {
    const payload = pushPayload({
      repository: repository.name,
      update,
      commits: await repository.commits(update),
      head: update.after === noCommit ? undefined : await repository.describe(update.after),
      forced: await repository.forced(update),
      pushedAt: clock.now(),
    });
    const listening = webhooks.filter((webhook) => webhook.repository === repository.name);
    return Promise.all(listening.map((webhook) => deliverer.deliver(webhook, "push", payload)));
  }

  const server = await startServer({
    repository: (name) => repositories.get(name),
    fault: () => github.fault,
    pushed: (repository, updates) => Promise.all(updates.map((update) => push(repository, update))),
    async publish(repository, version) {
      const update = await commitVersion(repository, version);
      const [delivery] = await push(repository, update);
      return { commit: update.after, delivery: delivery?.guid, status: delivery?.answer?.status ?? delivery?.error };
    },
    failed: (error) => options.onFault?.(error),
  });
  for (const host of ["github.com", "codeload.github.com"]) addresses.set(host, server.url);

  const github: GitHub = {
    url: server.url,
    deliveries: deliverer.deliveries,
    fault: undefined,
    async createRepository(name) {
      const repository = await createRepository(path.join(options.directory, "repositories"), name, clock);
      repositories.set(name, repository);
      return repository;
    },
    async addWebhook(webhook) {
      const added = { ...webhook, id: webhooks.length + 1 };
      webhooks.push(added);
      return deliverer.deliver(added, "ping", pingPayload({ ...added, hookId: added.id }));
    },
    push,
    deliver: deliverer.deliver,
    redeliver: deliverer.redeliver,
    close: server.close,
  };
  return github;
}
