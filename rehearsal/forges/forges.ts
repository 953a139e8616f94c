import path from "node:path";
import type { Clock } from "../clock";
import { createBitbucket } from "./bitbucket";
import { createDeliverer } from "./deliveries";
import { createGitee } from "./gitee";
import { createGitHub } from "./github";
import { createGitLab } from "./gitlab";
import { createPullRequests, type PullRequest } from "./pullRequests";
import { createRepository, noCommit, type RefUpdate, type Repository } from "./repository";
import { type Fault, startServer } from "./server";
import type { Event, Hosted, PushFacts, Site } from "./site";
import { commitVersion } from "./storefront";
import type { Delivery, Webhook } from "./webhook";

/** The host of acme's GitHub Enterprise Server. */
export const enterpriseHost = "github.acme.example";

export interface ForgesOptions {
  /** Folder of the repositories. */
  directory: string;
  /** The account's name table, to which the sites are added. */
  addresses: Map<string, string>;
  clock: Clock;
  /** Called for each delivery after its response. */
  onDelivery?: (delivery: Delivery) => void;
  /** Called for each request that broke off unintentionally. */
  onFault?: (error: Error) => void;
}

/** A push. */
export interface Push {
  repository: Repository;
  update: RefUpdate;
  /** Its last commit's message; empty after a deletion. */
  message: string;
}

/** The outside world: GitHub and the other forges, with repositories, archives and webhooks. */
export interface Forges {
  /** `http://127.0.0.1:port/<token>`: github.com's address for people on this machine. */
  readonly url: string;
  /** All repositories' "Recent deliveries", oldest first. */
  readonly deliveries: readonly Delivery[];
  /** All pushes, with or without a webhook. */
  readonly pushes: readonly Push[];
  /** The forges' current fault, if any. */
  fault: Fault | undefined;
  /**
   * @param name `acme/storefront`
   * @param site its forge: `gitlab.com`; default github.com
   */
  createRepository(name: string, site?: string): Promise<Repository>;
  /** Requires the token to read and write the repository; without a token, everyone may read it. */
  protect(repository: Repository, token: string | undefined): void;
  /** All pull requests, or one repository's, by number. */
  pullRequests(repository?: Repository): readonly PullRequest[];
  /** "Merge pull request". @throws with git's message on a conflict with its base */
  merge(repository: Repository, pullRequest: PullRequest): Promise<void>;
  /** Before each of the next HTTP pushes, one of these happens after the client read the references. */
  beforePush(repository: Repository, ...happens: (() => Promise<unknown>)[]): void;
  /** "Add webhook". GitHub delivers `ping` at once, the others nothing. */
  addWebhook(repository: Repository, webhook: Omit<Webhook, "id" | "repository">): Promise<Delivery | undefined>;
  /** "Edit webhook": changes also affect redeliveries. */
  editWebhooks(repository: Repository, change: Partial<Pick<Webhook, "secret" | "signed">>): void;
  /** Delivers the moved references to the repository's webhooks. */
  push(repository: Repository, ...updates: RefUpdate[]): Promise<Delivery[]>;
  /** Delivers any event to one webhook, as GitHub does. */
  deliver(webhook: Webhook, event: string, payload: object): Promise<Delivery>;
  /** "Redeliver". */
  redeliver(delivery: Delivery): Promise<Delivery>;
  close(): Promise<void>;
}

interface Listening {
  repository: Repository;
  webhook: Webhook;
}

export async function startForges(options: ForgesOptions): Promise<Forges> {
  const { addresses, clock } = options;
  const github = createGitHub(clock);
  const sites = [github, createGitHub(clock, enterpriseHost), createGitLab(), createBitbucket(), createGitee()];
  const hosted: (Hosted & { site: Site })[] = [];
  const listening: Listening[] = [];
  const pushes: Push[] = [];
  const deliverer = createDeliverer(options);

  function siteOf(host: string): Site {
    const site = sites.find((it) => it.host === host);
    if (site === undefined)
      throw new Error(`There is no forge at ${host}: there are ${sites.map((it) => it.host).join(", ")}.`);
    return site;
  }
  function hostedOf(repository: Repository): Hosted & { site: Site } {
    const found = hosted.find((it) => it.repository === repository);
    if (found === undefined) throw new Error(`${repository.name} is not of these forges: create it first.`);
    return found;
  }
  const toWebhooks = (site: Site, repository: Repository, events: Event[]): Promise<Delivery[]> =>
    Promise.all(
      listening
        .filter((it) => it.repository === repository)
        .flatMap(({ webhook }) => events.map((event) => deliverer.deliver(site, webhook, event))),
    );

  async function push(repository: Repository, ...updates: RefUpdate[]): Promise<Delivery[]> {
    for (const update of updates) await hostedOf(repository).pullRequests.moved(update);
    return tell(repository, updates);
  }

  async function tell(repository: Repository, updates: RefUpdate[]): Promise<Delivery[]> {
    const { site } = hostedOf(repository);
    const facts = await Promise.all(updates.map((update) => factsOf(repository, update, clock.now())));
    for (const { update, head } of facts) pushes.push({ repository, update, message: head?.message ?? "" });
    return toWebhooks(site, repository, site.pushEvents(facts));
  }

  const server = await startServer({
    sites,
    hosted: (site, name) => hosted.find((it) => it.site.host === site && it.repository.name === name),
    hostedFor: (site, token) => hosted.find((it) => it.site.host === site && it.token === token),
    fault: () => forges.fault,
    pushed: (_, { repository }, updates) => tell(repository, updates),
    async publish(_, { repository }, version) {
      const update = await commitVersion(repository, version);
      const [delivery] = await push(repository, update);
      return { commit: update.after, delivery: delivery?.guid, status: delivery?.answer?.status ?? delivery?.error };
    },
    failed: (error) => options.onFault?.(error),
  });
  for (const site of sites) for (const host of [site.host, ...site.hosts]) addresses.set(host, server.address);

  const forges: Forges = {
    url: server.url,
    deliveries: deliverer.deliveries,
    pushes,
    fault: undefined,
    async createRepository(name, host = github.host) {
      const site = siteOf(host);
      const repository = await createRepository(path.join(options.directory, site.host), name, clock);
      hosted.push({ site, repository, pullRequests: createPullRequests(repository, clock), beforePush: [] });
      return repository;
    },
    protect(repository, token) {
      hostedOf(repository).token = token;
    },
    pullRequests: (repository) =>
      (repository === undefined ? hosted : [hostedOf(repository)]).flatMap(({ pullRequests }) => pullRequests.all),
    async merge(repository, { number, title, head, base }) {
      const [owner] = repository.name.split("/");
      const message = `Merge pull request #${number} from ${owner}/${head.branch}\n\n${title}`;
      await push(repository, await repository.merge(head.commit, message, base.branch));
    },
    beforePush(repository, ...happens) {
      hostedOf(repository).beforePush.push(...happens);
    },
    async addWebhook(repository, webhook) {
      const { site } = hostedOf(repository);
      const added = { ...webhook, id: listening.length + 1, repository: repository.name };
      listening.push({ repository, webhook: added });
      const greeting = site.greeting?.(added);
      return greeting && deliverer.deliver(site, added, greeting);
    },
    editWebhooks(repository, change) {
      for (const it of listening) if (it.repository === repository) Object.assign(it.webhook, change);
    },
    push,
    deliver: (webhook, name, payload) => deliverer.deliver(github, webhook, { name, payload }),
    redeliver: (delivery) => deliverer.redeliver(siteOf(delivery.site), delivery),
    close: server.close,
  };
  return forges;
}

const factsOf = async (repository: Repository, update: RefUpdate, pushedAt: number): Promise<PushFacts> => ({
  repository: repository.name,
  update,
  commits: await repository.commits(update),
  head: update.after === noCommit ? undefined : await repository.describe(update.after),
  forced: await repository.forced(update),
  pushedAt,
});
