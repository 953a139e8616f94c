import { createHash } from "node:crypto";
import type { CloudEvent } from "../../cloud/events";
import { gitops, importGitops } from "../../forges/gitops";
import type { PullRequest } from "../../forges/pullRequests";
import type { Repository } from "../../forges/repository";
import type { Response } from "../../forges/request";
import { storefront } from "../../forges/storefront";
import { expectEqual, expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { asOperator } from "./operator";
import type { TaskEvent } from "./tasks";

/** The secret named in the settings. */
export const secret = "acme/gitops-token";

/** Grants read and write access to acme/gitops. */
export const token = "gh-gitops-7c41d0a9e35b428f";

/** Every stack's settings for the gitops repository. CI's own depend on the stack. */
export const settings = {
  repository: gitops,
  token: secret,
  author: { name: "slipway", email: "slipway@acme.example" },
  reviewers: ["octocat"],
  teamReviewers: ["platform"],
  labels: ["delivery"],
};

/** A record, as returned by the API. */
export interface PullRequestRecord {
  id: string;
  service: string;
  environment: string;
  revision: string;
  image: string;
  repository: string;
  state: "requested" | "running" | "opened" | "unchanged" | "failed";
  requestedAt: string;
  updatedAt: string;
  url?: string;
  reason?: string;
  cause?: string;
  task?: string;
  build?: string;
  /** Only in the response to a repeated request. */
  hint?: string;
}

export interface ApiRequest {
  method?: "GET" | "POST" | "DELETE" | "OPTIONS";
  /** Appended to the API's own: `/<id>`, `?limit=2` */
  path?: string;
  /** Default: the stack's own token; null for none. */
  token?: string | null;
  headers?: Record<string, string>;
  body?: object;
}

/** Sends a request to the pull requests API. */
export function requestPullRequest(context: ScenarioContext, request: ApiRequest): Promise<Response> {
  const { pullRequestsUrl, pullRequestsToken } = stackOf(context).outputs;
  if (pullRequestsUrl === undefined || pullRequestsToken === undefined)
    throw new Error("The stack's outputs lack pullRequestsUrl and pullRequestsToken: set slipway:pullRequests.");
  const { method = "POST", path = "", token = pullRequestsToken, headers, body } = request;
  return context.ask(pullRequestsUrl + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** A source commit of a service that CI has built; the same in every run. */
export const revisionOf = (service: string, position: number): string =>
  createHash("sha1").update(`${service} ${position}`).digest("hex");

/** The account's image registry. */
export const registryOf = ({ account }: ScenarioContext): string =>
  `${account.accountId}.dkr.ecr.${account.region}.${account.dnsSuffix}`;

/** What CircleCI's webhook orb posts at the end of a job. */
export const jobOf = (position: number, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  build_num: String(230 + position),
  branch: "main",
  username: "acme",
  job: "publish",
  build_url: buildUrl(position),
  vcs_revision: revisionOf("storefront", position),
  reponame: "storefront",
  workflow_id: "6dfa1b01-96ef-430d-bc35-11b5d20a5127",
  workflow_url: "https://circleci.com/workflow-run/6dfa1b01-96ef-430d-bc35-11b5d20a5127",
  pull_request: null,
  user: "acme",
  api_link: `https://circleci.com/api/v1.1/project/${storefront}/${230 + position}`,
  status: "success",
  ...change,
});

export const buildUrl = (position: number): string => `https://circleci.com/gh/${storefront}/${230 + position}`;

/** How often roles have started a task so far. */
export const tasksStarted = ({ account }: ScenarioContext): number =>
  account.trail.filter(({ service, operation }) => service === "ecs" && operation === "RunTask").length;

/** Requests a pull request, which is accepted and starts one task. Sets the mark. */
export async function ask(context: ScenarioContext, body: object): Promise<PullRequestRecord> {
  context.mark = context.account.events.length;
  const before = tasksStarted(context);
  const answer = await requestPullRequest(context, { body });
  expectEqual(`the status of the answer (${answer.body})`, answer.status, 202);
  const record: PullRequestRecord = JSON.parse(answer.body);
  expectEqual("the state of what was asked for", record.state, "requested");
  expectEqual("the location", answer.headers.location, `/pullrequests/${record.id}`);
  expectEqual("tasks started for it", tasksStarted(context), before + 1);
  return record;
}

/**
 * Waits until a task that started since the mark has stopped. Takes real time: the hour after which the record expires
 * must not pass meanwhile.
 */
export async function taskEnds(context: ScenarioContext, isMeant: (task: TaskEvent) => boolean): Promise<void> {
  const isOne = (event: CloudEvent): event is TaskEvent => event.kind === "task" && isMeant(event);
  // A task that cannot start stops without having run.
  await context.event(isOne);
  await context.clock.during(context.event((event): event is TaskEvent => isOne(event) && event.status === "STOPPED"));
}

/** Follows the task of a record requested since the mark, then polls the record until it has ended. */
export async function ended(context: ScenarioContext, id: string): Promise<PullRequestRecord> {
  await taskEnds(context, ({ startedBy }) => startedBy?.startsWith(`${id}/`) === true);
  for (;;) {
    const record = await read(context, id);
    if (record.state !== "requested" && record.state !== "running") return record;
    await context.clock.wait(15_000);
  }
}

export async function read(context: ScenarioContext, id: string): Promise<PullRequestRecord> {
  const { status, body } = await requestPullRequest(context, { method: "GET", path: `/${id}` });
  expectEqual(`the status of the answer (${body})`, status, 200);
  return JSON.parse(body);
}

/** Deletes an ended record, so that the same can be requested again. */
export async function remove(context: ScenarioContext, id: string): Promise<void> {
  const { status, body } = await requestPullRequest(context, { method: "DELETE", path: `/${id}` });
  expectSame("the answer", [status, body], [204, ""]);
}

/** It has ended with this result. @throws Mismatch */
export function expectEnded({ state, cause, reason }: PullRequestRecord, expected: PullRequestRecord["state"]): void {
  const why = cause ?? reason;
  expectEqual(`the pull request's state${why === undefined ? "" : ` (${why})`}`, state, expected);
}

const repositories = new WeakMap<ScenarioContext, Repository>();

/** acme/gitops, once it exists. */
export function gitopsOf(context: ScenarioContext): Repository {
  const repository = repositories.get(context);
  if (repository === undefined) throw new Error(`${gitops} is not there yet.`);
  return repository;
}

export const pullRequestsOf = (context: ScenarioContext): readonly PullRequest[] =>
  context.forges.pullRequests(gitopsOf(context));

export const addressOf = ({ number }: PullRequest): string => `https://github.com/${gitops}/pull/${number}`;

/** The open pull requests, by number. */
export const openOnes = (context: ScenarioContext): number[] =>
  pullRequestsOf(context).flatMap(({ state, number }) => (state === "open" ? [number] : []));

/** A record's pull request; GitHub has the same address for it. */
export function pullRequestOf(context: ScenarioContext, { url }: PullRequestRecord): PullRequest {
  const found = pullRequestsOf(context).find((it) => addressOf(it) === url);
  if (found === undefined) throw new Error(`${gitops} has no pull request ${url}.`);
  return found;
}

/** Its changes, as GitHub returns them with the token. */
export async function diffOf(context: ScenarioContext, { number }: PullRequest): Promise<string> {
  const { status, body } = await context.ask(`https://api.github.com/repos/${gitops}/pulls/${number}`, {
    headers: { accept: "application/vnd.github.diff", authorization: `Bearer ${token}`, "user-agent": "reviewer" },
  });
  expectEqual("the status of the diff", status, 200);
  return body;
}

/** The lines that a diff removes and adds. */
export const changedLines = (diff: string): string[] =>
  diff.split("\n").filter((line) => /^[+-]/.test(line) && !/^(\+\+\+|---) /.test(line));

export const gitopsIsPrivate: Step = {
  title: `${gitops} is private, and the operator stores its token in Secrets Manager`,
  async run(context) {
    const repository = await context.forges.createRepository(gitops);
    await importGitops(repository);
    context.forges.protect(repository, token);
    repositories.set(context, repository);
    await asOperator(context, "secretsmanager", "PutSecretValue", { SecretId: secret, SecretString: token });
    return secret;
  },
};
