import { bodyOf, markAgain } from "./body.ts";
import { branchOf, titleOf } from "./change.ts";
import type { GitHub, GitHubError, PullRequest } from "./github.ts";
import { explain, type Log } from "./log.ts";
import type { Options } from "./options.ts";
import type { PullRequestRecord } from "./pullRequestRecord.ts";
import type { Outcome } from "./record.ts";
import type { Patience } from "./retry.ts";
import { distrusted, isLater, markOf, type Neighbours, neighboursOf, type Trust } from "./superseding.ts";

export interface PullRequestContext {
  options: Options;
  github: GitHub;
  log: Log;
  /** How long to wait for GitHub's lists to catch up. */
  patience: Patience;
  trust: Trust;
}

/** @returns why the change is obsolete, if a pull request that was requested later is open or merged */
export async function supersededBy(
  context: PullRequestContext,
  record: PullRequestRecord,
): Promise<Outcome | undefined> {
  const { log, trust } = context;
  const around = await listsOf(context);
  for (const { pullRequest, why } of distrusted(record, [...around.open, ...around.merged], trust)) {
    log("warn", "pull request not trusted", { url: pullRequest.url, why });
  }
  const { later } = neighboursOf(record, around, trust);
  return later && superseded(later);
}

/**
 * Used if the base already has the change: closes pull requests that were requested earlier, which would undo it.
 * @throws Error with GitHub's message
 */
export async function retireEarlier(context: PullRequestContext, record: PullRequestRecord): Promise<void> {
  const { earlier } = await lookAround(context, record);
  const why = `${context.options.branch} already has ${titleOf(record)}, which was requested later`;
  for (const old of earlier) {
    await retire(context, old, why);
  }
}

/**
 * Ensures that the pushed branch has one open pull request, and closes those that were requested earlier.
 * @throws Error with GitHub's message
 */
export async function openPullRequest(context: PullRequestContext, record: PullRequestRecord): Promise<Outcome> {
  const { options, github, log } = context;
  const head = branchOf(record);
  const wanted = { title: titleOf(record), body: bodyOf(record, options.github), head, base: options.branch };
  const creation = await github.create(wanted);
  if (creation.kind === "nothing") {
    await retireEarlier(context, record);
    return { state: "unchanged", reason: `${options.branch} received the change in the meantime` };
  }
  // Two tasks may open pull requests at once. Each lists them afterwards, so at least the later task sees both.
  const { own, later, earlier } = await lookUntilListed(context, record);
  const pullRequest = creation.kind === "created" ? creation.pullRequest : own;
  if (pullRequest === undefined) {
    throw new Error(`GitHub reports an open pull request for ${head}, but lists none: try again`);
  }
  if (creation.kind === "created") {
    log("info", "pull request opened", { url: pullRequest.url });
    await introduce(context, pullRequest);
  } else {
    log("info", "pull request found", { url: pullRequest.url });
    await adopt(context, pullRequest, record);
  }
  if (later !== undefined) {
    await retire(context, pullRequest, `Superseded by ${later.url}`);
    return superseded(later);
  }
  for (const old of earlier) {
    await retire(context, old, `Superseded by ${pullRequest.url}, which contains ${titleOf(record)}`);
  }
  return { state: "opened", url: pullRequest.url };
}

async function lookAround(context: PullRequestContext, record: PullRequestRecord): Promise<Neighbours> {
  return neighboursOf(record, await listsOf(context), context.trust);
}

async function listsOf({ options, github }: PullRequestContext) {
  return { open: await github.open(options.branch), merged: await github.merged(options.branch) };
}

/** GitHub's lists may be stale: if this pull request is missing, others may be, too. */
async function lookUntilListed(context: PullRequestContext, record: PullRequestRecord): Promise<Neighbours> {
  const { pauses, sleep } = context.patience;
  for (const pause of pauses) {
    const seen = await lookAround(context, record);
    if (seen.own !== undefined || seen.later !== undefined) {
      return seen;
    }
    await sleep(pause);
  }
  return lookAround(context, record);
}

const superseded = ({ url }: PullRequest): Outcome => ({ state: "unchanged", reason: `superseded by ${url}` });

/** Errors here are only logged: a pull request is valid without reviewers and labels. */
async function introduce({ options, github, log }: PullRequestContext, { number, url }: PullRequest): Promise<void> {
  const { reviewers, teamReviewers, labels } = options;
  const ask = (users: string[], teams: string[]) => github.requestReview(number, users, teams);
  const asked = [
    ...reviewers.map((it) => ({ users: [it], teams: [] })),
    ...teamReviewers.map((it) => ({ users: [], teams: [it] })),
  ];
  if (asked.length > 0) {
    try {
      await ask(reviewers, teamReviewers);
    } catch (error) {
      log("warn", "review not requested from all reviewers at once", { url, cause: explain(error) });
      // If one reviewer is invalid, such as the author, GitHub adds none: request them one by one.
      const mayBeOne = (error as GitHubError).status === 422 && asked.length > 1;
      for (const { users, teams } of mayBeOne ? asked : []) {
        await ask(users, teams).catch((cause) =>
          log("warn", "review not requested", { url, reviewer: [...users, ...teams].join(), cause: explain(cause) }),
        );
      }
    }
  }
  if (labels.length > 0) {
    await github
      .addLabels(number, labels)
      .catch((error) => log("warn", "labels not added", { url, labels: labels.join(), cause: explain(error) }));
  }
}

/** Takes over a pull request of the same change, from another record or from an earlier task that died. */
async function adopt(context: PullRequestContext, pullRequest: PullRequest, record: PullRequestRecord): Promise<void> {
  const mark = markOf(pullRequest, context.trust);
  if (mark.id === record.id) {
    await introduce(context, pullRequest);
  }
  if (isLater(record, mark)) {
    await context.github
      .setBody(pullRequest.number, markAgain(pullRequest.body, record))
      .catch((error) =>
        context.log("warn", "description not updated", { url: pullRequest.url, cause: explain(error) }),
      );
  }
}

/** Closes a pull request with a comment that says why. */
async function retire({ github, log }: PullRequestContext, { number, url }: PullRequest, why: string): Promise<void> {
  try {
    await github.comment(number, `${why}.`);
    await github.close(number);
    log("info", "pull request closed", { url, why });
  } catch (error) {
    log("warn", "pull request not closed", { url, why, cause: explain(error) });
  }
}
