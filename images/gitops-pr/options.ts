import type { PullRequestAttempt } from "./pullRequestRecord.ts";

/** The task's settings, from the environment variable OPTIONS. */
export interface Options {
  /** Base URL of the repositories, without a trailing slash: `https://github.com`. */
  github: string;
  /** The REST API: `https://api.github.com`, or an Enterprise Server's `https://…/api/v3`. */
  api: string;
  /** The gitops repository: `acme/gitops`. */
  repository: string;
  /** The base branch of pull requests. */
  branch: string;
  /** The DynamoDB table of records. */
  table: string;
  /** Author and sign-off of commits. */
  author: { name: string; email: string };
  /** GitHub users. */
  reviewers: string[];
  /** Slugs of teams in the repository's organisation. */
  teamReviewers: string[];
  labels: string[];
}

type Environment = Record<string, string | undefined>;

const TEXTS = ["github", "api", "repository", "branch", "table"] as const;
const LISTS = ["reviewers", "teamReviewers", "labels"] as const;

/** @throws Error that names the variable and the field */
export function readOptions(environment: Environment): Options {
  const options = jsonOf(environment, "OPTIONS");
  for (const field of TEXTS) {
    requireText(options[field], `OPTIONS.${field}`);
  }
  const author = isObject(options.author) ? options.author : {};
  requireText(author.name, "OPTIONS.author.name");
  requireText(author.email, "OPTIONS.author.email");
  for (const field of LISTS) {
    const list = options[field];
    if (!Array.isArray(list) || list.some((entry) => typeof entry !== "string")) {
      throw new Error(`OPTIONS.${field} is not a list of strings: ${HELP}`);
    }
  }
  return options as unknown as Options;
}

/** The record to process, and the attempt that started this task. @throws Error that names the variable and the field */
export function readAttempt(environment: Environment): PullRequestAttempt {
  const { id, attempt } = jsonOf(environment, "PULL_REQUEST");
  return { id: requireText(id, "PULL_REQUEST.id"), attempt: requireText(attempt, "PULL_REQUEST.attempt") };
}

/**
 * Reads the GitHub token.
 * @throws Error that says what is wrong with the token, without showing it
 */
export function readToken(environment: Environment): string {
  // A secret that was created from a file ends with a newline.
  const token = (environment.GITHUB_TOKEN ?? "").trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    const what = token === "" ? "is empty" : "holds white space or characters that no token has";
    throw new Error(`GITHUB_TOKEN ${what}: check the secret that slipway:pullRequests.token names`);
  }
  return token;
}

const HELP = "it is set by the task definition and by RunTask";

function jsonOf(environment: Environment, variable: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(environment[variable] ?? "");
  } catch {
    throw new Error(`${variable} is not JSON: ${HELP}`);
  }
  if (!isObject(value)) {
    throw new Error(`${variable} is not a JSON object: ${HELP}`);
  }
  return value;
}

function requireText(value: unknown, field: string): string {
  if (typeof value !== "string" || value === "") {
    throw new Error(`${field} is missing: ${HELP}`);
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
