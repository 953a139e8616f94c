import { Octokit } from "@octokit/core";
import { retry } from "@octokit/plugin-retry";
import { brief, explain, TOKEN_ADVICE } from "./log.ts";
import { patiently } from "./retry.ts";
import { type Answer, createTransport, pauseOf, type TransportOptions } from "./transport.ts";

/** A pull request that is open, or was merged. */
export interface PullRequest {
  number: number;
  /** For people. */
  url: string;
  /** The login of who opened it. */
  author: string;
  /** The branch that it brings. */
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
  /** One of the same branch is open. */
  | { kind: "exists" }
  /** The base has all that the branch has. */
  | { kind: "nothing" };

/** GitHub's refusal, in its words. */
export interface GitHubError extends Error {
  /** Of HTTP; 500 where there was no answer. */
  status: number;
}

/** What the task does at GitHub. All throw {@link GitHubError}. */
export interface GitHub {
  /** The login of the token's user, `slipway-gitops[bot]` where it is an app's. */
  viewer(): Promise<string>;
  /** The open pull requests for a base branch from the repository's own branches. */
  open(base: string): Promise<PullRequest[]>;
  /** Those that were merged into it, as far as they are among the {@link PAGE} that ended or were commented on last. */
  merged(base: string): Promise<PullRequest[]>;
  /** Waits a few seconds where GitHub does not know the head branch yet. */
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
  /** Milliseconds that the first pause between two tries takes; the next ones take 4, 9 and 16 times that. */
  pause: number;
}

/** How often something that may pass is tried again. */
const RETRIES = 4;
const PAGE = 100;
/** 429 beside those of the plugin: the transport has waited for it already. */
const FINAL = [400, 401, 403, 404, 410, 422, 429, 451];

/** How long a branch that git has just pushed may be unknown to GitHub's API. */
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
      said("read whose token it is", async () => {
        // The REST API has no answer to this for the tokens of apps.
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
      said("change the pull request's text", async () => {
        await octokit.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...there, pull_number, body });
      }),
    requestReview: (pull_number, reviewers, team_reviewers) =>
      said("ask for a review", async () => {
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
  /** Absent where the account was deleted. */
  user: { login: string } | null;
  head: { ref: string };
}

/** A fork may have branches of any name. */
function isOwn({ head, base }: { head: { repo: { id: unknown } | null }; base: { repo: { id: unknown } } }): boolean {
  return head.repo?.id === base.repo.id;
}

function pullRequestOf({ number, html_url, body, created_at, user, head }: PullRequestData): PullRequest {
  const author = user?.login ?? "";
  return { number, url: html_url, author, head: head.ref, body: body ?? "", createdAt: created_at };
}

/** The part of Octokit's errors that is read. */
interface RequestError extends Error {
  status: number;
  /** Absent where there was no answer. */
  response?: { headers: Answer["headers"]; data?: { errors?: (string | FieldError)[] } };
}

/** https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed */
interface FieldError {
  field?: string;
  code?: string;
  message?: string;
}

/** GitHub may refuse a branch as invalid for some seconds after it has received it. */
function isUnknownHead(error: unknown): boolean {
  const { status, response } = error as RequestError;
  const errors = response?.data?.errors ?? [];
  return status === 422 && errors.some((it) => typeof it === "object" && it.field === "head" && it.code === "invalid");
}

/** Of two refusals only GitHub's words tell one from the other: both are 422 with the code `custom`. */
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
  const words = `GitHub answers ${status}: ${brief(message)}`;
  return Object.assign(new Error(`cannot ${what}: ${words}${adviceOf({ status, message, response }, now)}`), {
    status,
  });
}

function adviceOf({ status, message, response }: Omit<RequestError, "name">, now: number): string {
  const pause = pauseOf({ status, headers: response?.headers ?? {}, words: message }, now);
  if (pause !== undefined) {
    return `; ask again after ${new Date(now + pause).toISOString()}`;
  }
  return [401, 403, 404].includes(status) ? `; ${TOKEN_ADVICE}` : "";
}
