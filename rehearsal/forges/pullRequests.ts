import type { Clock } from "../clock";
import { branchOf, noCommit, type RefUpdate, type Repository } from "./repository";

export interface Comment {
  /** Counts from 1 in each repository. */
  id: number;
  body: string;
  /** Simulated milliseconds since the epoch. */
  at: number;
}

/** A pull request within one repository, as on GitHub. Times are simulated milliseconds since the epoch. */
export interface PullRequest {
  /** `acme/gitops` */
  repository: string;
  /** Counts from 1 in each repository. */
  number: number;
  /** The author's login: the repository's owner, who owns the token. */
  author: string;
  title: string;
  body: string;
  draft: boolean;
  state: "open" | "closed";
  /** Branch, and its last commit while the pull request was open. */
  head: Tip;
  base: Tip;
  createdAt: number;
  updatedAt: number;
  closedAt?: number;
  mergedAt?: number;
  /** Requested reviewers: users, and teams of the organisation. */
  reviewers: string[];
  teams: string[];
  labels: string[];
  comments: Comment[];
}

export interface Tip {
  branch: string;
  commit: string;
}

/** One of the `errors` of GitHub's "Validation Failed". */
export interface FieldError {
  resource: "PullRequest";
  code: "custom" | "invalid" | "missing_field";
  field?: string;
  message?: string;
}

/** The requested pull request: branches by name, the head also as `acme:branch`. */
export interface WantedPullRequest {
  title: string;
  body: string;
  draft: boolean;
  head: string;
  base: string;
}

/** The pull requests of a repository. A rejected operation returns the reason and changes nothing. */
export interface PullRequests {
  /** By number. */
  readonly all: readonly PullRequest[];
  open(wanted: WantedPullRequest): Promise<PullRequest | FieldError>;
  change(
    pullRequest: PullRequest,
    change: Partial<Pick<PullRequest, "title" | "body" | "state">>,
  ): Promise<FieldError | undefined>;
  /** @returns whether all of them can be requested */
  requestReviews(pullRequest: PullRequest, reviewers: string[], teams: string[]): boolean;
  /** Creates labels that the repository lacks. */
  label(pullRequest: PullRequest, labels: string[]): void;
  comment(pullRequest: PullRequest, body: string): Comment;
  /** A branch moved: updates its pull requests, and ends them if it is merged or deleted. */
  moved(update: RefUpdate): Promise<void>;
}

/** Possible reviewers in every repository: GitHub's mascots, and a team of the organisation. */
export const collaborators = { users: ["octocat", "hubot"], teams: ["platform"] };

export function createPullRequests(repository: Repository, clock: Clock): PullRequests {
  const all: PullRequest[] = [];
  const [owner = ""] = repository.name.split("/");
  let comments = 0;

  const tip = async (branch: string): Promise<Tip | undefined> => {
    const commit = (await repository.refs()).get(`refs/heads/${branch}`);
    return commit === undefined ? undefined : { branch, commit };
  };
  const openOf = (head: string, base: string): PullRequest | undefined =>
    all.find((it) => it.state === "open" && it.head.branch === head && it.base.branch === base);
  const isMerged = async ({ head, base }: Pick<PullRequest, "head" | "base">): Promise<boolean> =>
    (await repository.commits({ ref: head.branch, before: base.commit, after: head.commit })).length === 0;

  function close(pullRequest: PullRequest): void {
    pullRequest.state = "closed";
    pullRequest.closedAt = pullRequest.updatedAt = clock.now();
  }

  async function reopen(pullRequest: PullRequest): Promise<FieldError | undefined> {
    const { head, base } = pullRequest;
    const refused = (why: string) => invalid("state", `state cannot be changed. ${why}`);
    if (pullRequest.mergedAt !== undefined) return refused("The pull request is merged.");
    const now = await tip(head.branch);
    if (now === undefined) return refused(`The ${head.branch} branch has been deleted.`);
    const other = openOf(head.branch, base.branch);
    if (other !== undefined)
      return refused(`There is already an open pull request from ${owner}:${head.branch} to ${owner}:${base.branch}.`);
    pullRequest.head = now;
    pullRequest.state = "open";
    delete pullRequest.closedAt;
    return undefined;
  }

  return {
    all,
    async open({ head: wanted, base: into, title, body, draft }) {
      if (title === "") return { resource: "PullRequest", code: "missing_field", field: "title" };
      const [head, base] = [await tip(withoutOwner(wanted, owner)), await tip(into)];
      if (head === undefined) return invalid("head");
      if (base === undefined) return invalid("base");
      if (openOf(head.branch, base.branch) !== undefined)
        return custom(`A pull request already exists for ${owner}:${head.branch}.`);
      if (await isMerged({ head, base })) return custom(`No commits between ${base.branch} and ${head.branch}`);
      const at = clock.now();
      const opened: PullRequest = {
        ...{
          repository: repository.name,
          number: all.length + 1,
          author: owner,
          title,
          body,
          draft,
          state: "open",
          head,
          base,
          createdAt: at,
          updatedAt: at,
        },
        ...{ reviewers: [], teams: [], labels: [], comments: [] },
      };
      all.push(opened);
      return opened;
    },
    async change(pullRequest, { state = pullRequest.state, ...texts }) {
      if (state === "open" && pullRequest.state === "closed") {
        const refused = await reopen(pullRequest);
        if (refused !== undefined) return refused;
      }
      if (state === "closed" && pullRequest.state === "open") close(pullRequest);
      Object.assign(pullRequest, texts, { updatedAt: clock.now() });
      return undefined;
    },
    requestReviews(pullRequest, reviewers, teams) {
      const isKnown = (known: string[]) => (it: string) => known.includes(it);
      if (!reviewers.every(isKnown(collaborators.users)) || !teams.every(isKnown(collaborators.teams))) return false;
      pullRequest.reviewers = [...new Set([...pullRequest.reviewers, ...reviewers])];
      pullRequest.teams = [...new Set([...pullRequest.teams, ...teams])];
      return true;
    },
    label(pullRequest, labels) {
      pullRequest.labels = [...new Set([...pullRequest.labels, ...labels])];
    },
    comment(pullRequest, body) {
      comments += 1;
      const comment = { id: comments, body, at: clock.now() };
      pullRequest.comments.push(comment);
      pullRequest.updatedAt = comment.at;
      return comment;
    },
    async moved({ ref, after }) {
      const branch = branchOf(ref);
      const touched = all.filter(
        ({ state, head, base }) => state === "open" && (head.branch === branch || base.branch === branch),
      );
      for (const pullRequest of touched) {
        if (after === noCommit) {
          close(pullRequest);
          continue;
        }
        const isHead = pullRequest.head.branch === branch;
        const tips = { ...pullRequest, [isHead ? "head" : "base"]: { branch, commit: after } };
        const merged = !isHead && (await isMerged(tips));
        if (merged) close(pullRequest);
        // A merged pull request's diff is taken against the base before the merge.
        if (merged) pullRequest.mergedAt = clock.now();
        else Object.assign(pullRequest, { head: tips.head, base: tips.base, updatedAt: clock.now() });
      }
    },
  };
}

/** `acme:branch` → `branch`; a branch of another owner's fork is not in this repository. */
const withoutOwner = (head: string, owner: string): string =>
  head.startsWith(`${owner}:`) ? head.slice(owner.length + 1) : head;

const custom = (message: string): FieldError => ({ resource: "PullRequest", code: "custom", message });

const invalid = (field: string, message?: string): FieldError => ({
  resource: "PullRequest",
  code: "invalid",
  field,
  ...(message === undefined ? {} : { message }),
});
