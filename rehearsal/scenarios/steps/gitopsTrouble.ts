import type { CloudEvent } from "../../cloud/events";
import { commitNote, requireBase } from "../../forges/gitops";
import { storefront } from "../../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Step } from "../scenario";
import type { ScenarioContext } from "../scenarioContext";
import { expectOpened, overlayOf } from "./gitopsOpened";
import { asOperator } from "./operator";
import {
  ask,
  ended,
  expectEnded,
  gitopsOf,
  jobOf,
  type PullRequestRecord,
  pullRequestOf,
  pullRequestsOf,
  read,
  registryOf,
  remove,
  requestPullRequest,
  revisionOf,
  tasksStarted,
} from "./pullRequests";

/** The lines that a build changes after another was merged. */
const linesAfter = (position: number, merged: number): string[] => [
  `-    newTag: ${revisionOf("storefront", merged)}`,
  `+    newTag: ${revisionOf("storefront", position)}`,
];

/** How long a list of overlays is valid, in simulated milliseconds. */
const OVERLAYS_VALID = 60_000;

/** The environment's overlay does not exist. A repeated request returns the failure, and how to retry. */
export const overlayIsMissing: Step = {
  title:
    "an environment without an overlay: failed, and the record says which file is missing; the next starts no task",
  async run(context) {
    // The list cached by the last task has expired.
    await context.pass(OVERLAYS_VALID);
    const body = {
      repository: storefront,
      revision: revisionOf("storefront", 1),
      image: `storefront=${registryOf(context)}/storefront:1.0.0`,
      environment: "staging",
    };
    const before = pullRequestsOf(context).length;
    const record = await ended(context, (await ask(context, body)).id);
    expectEnded(record, "failed");
    expectMatches(
      "the cause",
      record.cause ?? "",
      new RegExp(overlayOf("storefront", "staging").replaceAll(".", "\\.")),
    );
    expectEqual("pull requests", pullRequestsOf(context).length, before);
    const tasks = tasksStarted(context);
    const again = await requestPullRequest(context, { body });
    const { hint, ...found }: PullRequestRecord = JSON.parse(again.body);
    expectSame("the answer to the same once more", [again.status, found], [200, record]);
    expectEqual("its hint", hint, `it has failed: to try again, DELETE /pullrequests/${record.id}, then post it again`);
    const invented = await requestPullRequest(context, { body: { ...body, environment: "invented" } });
    expectEqual("the answer to another invented one", invented.status, 404);
    expectMatches("its reason", invented.body, /had no kustomize\/storefront\/overlays\/invented\/kustomization\.yaml/);
    expectEqual("tasks", tasksStarted(context), tasks);
    return record.cause;
  },
};

type LogEvent = Extract<CloudEvent, { kind: "log" }>;

/** Secrets Manager's message for a secret without a value. */
const HAS_NO_VALUE = /Secrets Manager can't find the specified secret value for staging label: AWSCURRENT/;

/** Before the token is in Secrets Manager. A task that cannot start cannot log; ECS logs the reason. */
export const tokenIsMissing: Step = {
  title:
    "the token is not in Secrets Manager yet: the task cannot start; the record says so, and where the log says why",
  async run(context) {
    const { id } = await ask(context, jobOf(1));
    const record = await ended(context, id);
    expectEnded(record, "failed");
    const cause = record.cause ?? "";
    expectMatches("the cause", cause, /: it could not start; the platform's log has the details under [\w-]{36}$/);
    const entry = await context.event(
      (event): event is LogEvent => event.kind === "log" && event.line.includes(JSON.stringify(cause)),
    );
    const { attempt, detail } = JSON.parse(entry.line);
    expectMatches("what the log has", `${attempt} ${detail}`, /ResourceInitializationError/, HAS_NO_VALUE);
    expectEqual("the end of the cause", cause.slice(-36), attempt);
    await remove(context, id);
    return `${cause}: ${detail}`;
  },
};

/** The API fails for this many requests. */
const FAILURES = 2;

/** The task waits out a short outage. */
export const apiRecovers = (position: number, merged: number): Step => ({
  title: `GitHub's API fails ${FAILURES} times: the task retries, and the pull request is opened`,
  async run(context) {
    const fault = { kind: "apiDown" as const, requests: FAILURES };
    context.forges.fault = fault;
    const record = await ended(context, (await ask(context, jobOf(position))).id);
    context.forges.fault = undefined;
    expectEqual("failures left", fault.requests, 0);
    return (await expectOpened(context, record, linesAfter(position, merged))).detail;
  },
});

/** How often another commit arrives first. */
const MOVES = 2;

/** Another commit arrives between the task's read of the base and its push, and branches must be up to date. */
export const baseMoves = (position: number, merged: number): Step => ({
  title: `main moves before each of ${MOVES} pushes, which are rejected: the third attempt starts from its head`,
  async run(context) {
    const repository = gitopsOf(context);
    await requireBase(repository);
    const moves = Array.from({ length: MOVES }, (_, index) => async () => {
      await context.forges.push(repository, await commitNote(repository, `move-${index + 1}`));
    });
    context.forges.beforePush(repository, ...moves);
    const record = await ended(context, (await ask(context, jobOf(position))).id);
    const shown = await expectOpened(context, record, linesAfter(position, merged));
    const { head, base } = pullRequestOf(context, record);
    expectEqual("main's head", (await repository.refs()).get("refs/heads/main"), base.commit);
    const [commit, ...others] = await repository.commits({ ref: "", before: base.commit, after: head.commit });
    expectSame("commits on top of it", [commit?.id, others.length], [head.commit, 0]);
    return shown.detail;
  },
});

/** All of GitHub is unreachable for longer than the task waits. */
export const githubIsDown = (position: number): Step => ({
  title:
    "GitHub is down: the request fails, and the record says why (the task waits in real time between its attempts)",
  async run(context) {
    const before = pullRequestsOf(context).length;
    context.forges.fault = { kind: "unreachable" };
    const record = await ended(context, (await ask(context, jobOf(position))).id);
    context.forges.fault = undefined;
    expectEnded(record, "failed");
    expectMatches("the cause", record.cause ?? "", /github\.com/);
    expectEqual("pull requests", pullRequestsOf(context).length, before);
    return record.cause;
  },
});

/** Reports the failure, and repeats the request after deleting the record. */
export const asksAgain = (position: number, merged: number): Step => ({
  title: "GitHub is back: the record is deleted, the request repeated, and the pull request opened",
  async run(context) {
    const { body } = await requestPullRequest(context, { body: jobOf(position) });
    const { id, state }: PullRequestRecord = JSON.parse(body);
    expectEqual("the state until then", state, "failed");
    await remove(context, id);
    const record = await ended(context, (await ask(context, jobOf(position))).id);
    expectEqual("the record's id", record.id, id);
    return (await expectOpened(context, record, linesAfter(position, merged))).detail;
  },
});

const stopTask = async (context: ScenarioContext, { id }: PullRequestRecord): Promise<void> => {
  const { task = "", state } = await read(context, id);
  expectEqual("its state while it pushes", state, "running");
  const { status } = await requestPullRequest(context, { method: "DELETE", path: `/${id}` });
  expectEqual("the status of its deletion meanwhile", status, 409);
  const [, cluster] = /:task\/([^/]+)\//.exec(task) ?? [];
  await asOperator(context, "ecs", "StopTask", { cluster, task, reason: "an engineer's mistake" });
};

/** Its task is stopped between two of its steps. The leftovers do no harm. */
export const taskIsStopped = (position: number, merged: number): Step => ({
  title: "its task is stopped during the push: the request fails; repeated, it opens the pull request",
  async run(context) {
    let stopped: Promise<void> | undefined;
    const asked = ask(context, jobOf(position));
    context.forges.beforePush(gitopsOf(context), async () => {
      stopped = asked.then((record) => stopTask(context, record));
      await stopped;
    });
    const { id } = await asked;
    const failed = await ended(context, id);
    await stopped;
    expectEnded(failed, "failed");
    expectMatches("the cause", failed.cause ?? "", /stopped; it was pushing the branch/);
    await remove(context, id);
    const record = await ended(context, (await ask(context, jobOf(position))).id);
    await expectOpened(context, record, linesAfter(position, merged));
    return failed.cause;
  },
});
