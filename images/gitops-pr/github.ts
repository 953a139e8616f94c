import { Octokit } from "@octokit/core";
import { retry } from "@octokit/plugin-retry";
import { type Log, TOKEN_ADVICE } from "./log.ts";

/** A pull request that is open. */
export interface PullRequest {
  number: number;
  /** For people. */
  url: string;
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
  /** The open pull requests for a base branch from the repository's own branches. */
  open(base: string): Promise<PullRequest[]>;
  create(wanted: NewPullRequest): Promise<Creation>;
  setBody(number: number, body: string): Promise<void>;
  /** @param reviewers users @param teams slugs */
  requestReview(number: number, reviewers: string[], teams: string[]): Promise<void>;
  addLabels(number: number, labels: string[]): Promise<void>;
  comment(number: number, body: string): Promise<void>;
  close(number: number): Promise<void>;
}

export interface GitHubOptions {
  /** `https://api.github.com` */
  api: string;
  /** `acme/gitops` */
  repository: string;
  token: string;
  log: Log;
  signal: AbortSignal;
  /** Milliseconds that the first pause between two tries takes; the next ones take 4, 9 and 16 times that. */
  pause: number;
}

/** How often something that may pass is tried again. */
const RETRIES = 4;
/** Milliseconds that one answer may take. */
const ANSWER = 20_000;
const PAGE = 100;

const Client = Octokit.plugin(retry);

export function createGitHub({ api, repository, token, log, signal, pause }: GitHubOptions): GitHub {
  const octokit = new Client({
    baseUrl: api,
    auth: token,
    userAgent: "slipway",
    request: { fetch: boundedFetch(signal) },
    retry: { retries: RETRIES, retryAfterBaseValue: pause },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message: string) => log("warn", message),
      error: (message: string) => log("warn", message),
    },
  });
  const [owner = "", repo = ""] = repository.split("/");
  const there = { owner, repo };

  return {
    open: (base) =>
      said("list pull requests", async () => {
        const all: PullRequest[] = [];
        for (let page = 1; ; page++) {
          const query = { ...there, state: "open" as const, base, per_page: PAGE, page };
          const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls", query);
          // A fork may have branches of any name.
          all.push(...data.filter(({ head, base }) => head.repo?.id === base.repo.id).map(pullRequestOf));
          if (data.length < PAGE) {
            return all;
          }
        }
      }),
    async create(wanted) {
      try {
        const { data } = await octokit.request("POST /repos/{owner}/{repo}/pulls", { ...there, ...wanted });
        return { kind: "created", pullRequest: pullRequestOf(data) };
      } catch (error) {
        const kind = refusalOf(error);
        if (kind === undefined) {
          throw inWords("open a pull request", error);
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

/** Octokit takes a request that was given up for the whole task as final, and one that took too long as one to repeat. */
function boundedFetch(signal: AbortSignal): typeof fetch {
  return (input, init) => fetch(input, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER)]) });
}

interface PullRequestData {
  number: number;
  html_url: string;
  body: string | null;
  created_at: string;
  head: { ref: string };
}

function pullRequestOf({ number, html_url, body, created_at, head }: PullRequestData): PullRequest {
  return { number, url: html_url, head: head.ref, body: body ?? "", createdAt: created_at };
}

/** The part of Octokit's errors that is read. */
interface RequestError extends Error {
  status: number;
  response?: { data?: { errors?: (string | { message?: string })[] } };
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

async function said<T>(what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw inWords(what, error);
  }
}

function inWords(what: string, error: unknown): Error | GitHubError {
  if (!(error instanceof Error) || error.name !== "HttpError") {
    return error instanceof Error ? error : new Error(String(error));
  }
  const { status, message, response } = error as RequestError;
  const isToken = [401, 403, 404].includes(status) && !/rate limit/i.test(message);
  const advice = isToken ? `; ${TOKEN_ADVICE}` : "";
  // Without an answer the status is Octokit's own.
  const words =
    response === undefined ? `GitHub cannot be reached: ${message}` : `GitHub answers ${status}: ${message}`;
  return Object.assign(new Error(`cannot ${what}: ${words}${advice}`), { status });
}
