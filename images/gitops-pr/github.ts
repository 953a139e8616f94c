import { Octokit } from "@octokit/core";
import { retry } from "@octokit/plugin-retry";
import { brief, explain, TOKEN_ADVICE } from "./log.ts";
import { patiently } from "./retry.ts";
import { type Answer, createTransport, pauseOf, type TransportOptions } from "./transport.ts";

/** An open or merged pull request. */
export interface PullRequest {
  number: number;
  /** URL of the web page. */
  url: string;
  /** Login of the user who opened it. */
  author: string;
  /** The branch to merge. */
  head: string;
  body: string;
  /** ISO 8601 */
  createdAt: string;
}

export interface NewPullRequest {
  title: string;
  body: string;
  head: string;
  base: string;
}

export type Creation =
  | { kind: "created"; pullRequest: PullRequest }
  /** The branch already has an open pull request. */
  | { kind: "exists" }
  /** The base has all commits of the branch. */
  | { kind: "nothing" };

/** An error response from GitHub, with its message. */
export interface GitHubError extends Error {
  /** HTTP status; 500 if there was no response. */
  status: number;
}

/** The GitHub operations of the task. All throw {@link GitHubError}. */
export interface GitHub {
  /** Login of the token's user; `slipway-gitops[bot]` for an app. */
  viewer(): Promise<string>;
  /** Open pull requests for a base branch. Forks are excluded. */
  open(base: string): Promise<PullRequest[]>;
  /** Merged pull requests for a base branch, among the {@link PAGE} most recently updated closed ones. */
  merged(base: string): Promise<PullRequest[]>;
  /** If GitHub does not know the head branch yet, retries for a few seconds. */
  create(wanted: NewPullRequest): Promise<Creation>;
  setBody(number: number, body: string): Promise<void>;
  /** @param reviewers users @param teams slugs */
  requestReview(number: number, reviewers: string[], teams: string[]): Promise<void>;
  addLabels(number: number, labels: string[]): Promise<void>;
  comment(number: number, body: string): Promise<void>;
  close(number: number): Promise<void>;
}

export interface GitHubOptions extends TransportOptions {
  /** `https://api.github.com` */
  api: string;
  /** `acme/gitops` */
  repository: string;
  token: string;
  /** Milliseconds before the first retry; later pauses are 4, 9 and 16 times as long. */
  pause: number;
}

/** How often a request is retried after a transient error. */
const RETRIES = 4;
const PAGE = 100;
/** The plugin's list, and 429: the transport has already waited for that. */
const FINAL = [400, 401, 403, 404, 410, 422, 429, 451];

/** How long GitHub's API may take to see a branch that git has just pushed. */
const HEAD_PATIENCE = { pauses: [1_000, 2_000, 4_000, 8_000], limit: 60_000 };

const Client = Octokit.plugin(retry);

export function createGitHub({ api, repository, token, pause, ...transport }: GitHubOptions): GitHub {
  const { log, now, sleep } = transport;
  const octokit = new Client({
    baseUrl: api,
    auth: token,
    userAgent: "slipway",
    request: { fetch: createTransport(transport) },
    retry: { retries: RETRIES, retryAfterBaseValue: pause, doNotRetry: FINAL },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message: string) => log("warn", message),
      error: (message: string) => log("warn", message),
    },
  });
  const [owner = "", repo = ""] = repository.split("/");
  const there = { owner, repo };
  const said = async <T>(what: string, request: () => Promise<T>): Promise<T> => {
    try {
      return await request();
    } catch (error) {
      throw inWords(what, error, now());
    }
  };

  return {
    viewer: () =>
      said("look up the token's user", async () => {
        // The REST API cannot answer this for app tokens.
        const { viewer } = await octokit.graphql<{ viewer: { login: string } }>("query { viewer { login } }");
        return viewer.login;
      }),
    open: (base) =>
      said("list pull requests", async () => {
        const all: PullRequest[] = [];
        for (let page = 1; ; page++) {
          const query = { ...there, state: "open" as const, base, per_page: PAGE, page };
          const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls", query);
          all.push(...data.filter(isOwn).map(pullRequestOf));
          if (data.length < PAGE) {
            return all;
          }
        }
      }),
    merged: (base) =>
      said("list pull requests", async () => {
        const newest = { state: "closed", sort: "updated", direction: "desc", per_page: PAGE } as const;
        const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls", { ...there, base, ...newest });
        return data.filter((it) => it.merged_at !== null && isOwn(it)).map(pullRequestOf);
      }),
    async create(wanted) {
      const post = () => octokit.request("POST /repos/{owner}/{repo}/pulls", { ...there, ...wanted });
      try {
        const { data } = await patiently(post, isUnknownHead, { ...HEAD_PATIENCE, now, sleep });
        return { kind: "created", pullRequest: pullRequestOf(data) };
      } catch (error) {
        const kind = refusalOf(error);
        if (kind === undefined) {
          throw inWords("open a pull request", error, now());
        }
        return { kind };
      }
    },
    setBody: (pull_number, body) =>
      said("update the pull request's description", async () => {
        await octokit.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...there, pull_number, body });
      }),
    requestReview: (pull_number, reviewers, team_reviewers) =>
      said("request a review", async () => {
        const route = "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers";
        await octokit.request(route, { ...there, pull_number, reviewers, team_reviewers });
      }),
    addLabels: (issue_number, labels) =>
      said("add labels", async () => {
        const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/labels";
        await octokit.request(route, { ...there, issue_number, labels });
      }),
    comment: (issue_number, body) =>
      said("comment", async () => {
        const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
        await octokit.request(route, { ...there, issue_number, body });
      }),
    close: (pull_number) =>
      said("close a pull request", async () => {
        const route = "PATCH /repos/{owner}/{repo}/pulls/{pull_number}";
        await octokit.request(route, { ...there, pull_number, state: "closed" });
      }),
  };
}

interface PullRequestData {
  number: number;
  html_url: string;
  body: string | null;
  created_at: string;
  /** Absent if the account was deleted. */
  user: { login: string } | null;
  head: { ref: string };
}

/** Forks are excluded: their branches may have any name. */
function isOwn({ head, base }: { head: { repo: { id: unknown } | null }; base: { repo: { id: unknown } } }): boolean {
  return head.repo?.id === base.repo.id;
}

function pullRequestOf({ number, html_url, body, created_at, user, head }: PullRequestData): PullRequest {
  const author = user?.login ?? "";
  return { number, url: html_url, author, head: head.ref, body: body ?? "", createdAt: created_at };
}

/** The part of Octokit's errors that is used. */
interface RequestError extends Error {
  status: number;
  /** Absent if there was no response. */
  response?: { headers: Answer["headers"]; data?: { errors?: (string | FieldError)[] } };
}

/** https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed */
interface FieldError {
  field?: string;
  code?: string;
  message?: string;
}

/** For some seconds after a push, GitHub may reject the branch as invalid. */
function isUnknownHead(error: unknown): boolean {
  const { status, response } = error as RequestError;
  const errors = response?.data?.errors ?? [];
  return status === 422 && errors.some((it) => typeof it === "object" && it.field === "head" && it.code === "invalid");
}

/** Only the message distinguishes the two errors: both are 422 with the code `custom`. */
function refusalOf(error: unknown): "exists" | "nothing" | undefined {
  const { status, response } = error as RequestError;
  const words = (response?.data?.errors ?? []).map((it) => (typeof it === "string" ? it : (it.message ?? "")));
  if (status !== 422) {
    return undefined;
  }
  if (words.some((it) => it.startsWith("A pull request already exists"))) {
    return "exists";
  }
  return words.some((it) => it.startsWith("No commits between")) ? "nothing" : undefined;
}

/** @param now milliseconds */
function inWords(what: string, error: unknown, now: number): Error | GitHubError {
  const { status = 500, name, message, response } = error as RequestError;
  if (response === undefined) {
    const words = name === "HttpError" ? message : explain(error);
    return Object.assign(new Error(`cannot ${what}: ${brief(words)}`), { status });
  }
  const words = `GitHub returned ${status}: ${brief(message)}`;
  return Object.assign(new Error(`cannot ${what}: ${words}${adviceOf({ status, message, response }, now)}`), {
    status,
  });
}

function adviceOf({ status, message, response }: Omit<RequestError, "name">, now: number): string {
  const pause = pauseOf({ status, headers: response?.headers ?? {}, words: message }, now);
  if (pause !== undefined) {
    return `; try again after ${new Date(now + pause).toISOString()}`;
  }
  return [401, 403, 404].includes(status) ? `; ${TOKEN_ADVICE}` : "";
}
