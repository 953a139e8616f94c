import { gitops } from "../../forges/gitops";
import type { PullRequest } from "../../forges/pullRequests";
import { storefront } from "../../forges/storefront";
import { expectEqual, expectMatches, expectSame, type Shown, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import {
  addressOf,
  ask,
  buildUrl,
  changedLines,
  diffOf,
  ended,
  expectEnded,
  gitopsOf,
  jobOf,
  openOnes,
  type PullRequestRecord,
  pullRequestOf,
  pullRequestsOf,
  read,
  registryOf,
  remove,
  requestPullRequest,
  revisionOf,
  settings,
  tasksStarted,
} from "./pullRequests";

export const overlayOf = (service: string, environment: string): string =>
  `kustomize/${service}/overlays/${environment}/kustomization.yaml`;

const { name, email } = settings.author;
const signature = `Signed-off-by: ${name} <${email}>`;

/** A pull request matches the settings: its reviewers and its single commit. @throws Mismatch */
async function expectAsSet(
  context: ScenarioContext,
  pullRequest: PullRequest,
  { service, environment }: PullRequestRecord,
) {
  expectMatches("its branch", pullRequest.head.branch, new RegExp(`^slipway/${service}/${environment}/[0-9a-f]{12}$`));
  expectEqual("its base", pullRequest.base.branch, "main");
  expectSame("reviewers", [pullRequest.reviewers, pullRequest.teams], [settings.reviewers, settings.teamReviewers]);
  expectSame("labels", pullRequest.labels, settings.labels);
  const { message, added, removed, modified } = await gitopsOf(context).describe(pullRequest.head.commit);
  expectSame("files of its commit", [added, removed, modified], [[], [], [overlayOf(service, environment)]]);
  expectEqual("the end of its commit's message", message.split("\n").at(-1), signature);
}

/** The record has an open pull request that matches the settings and changes these lines. @throws Mismatch */
export async function expectOpened(
  context: ScenarioContext,
  record: PullRequestRecord,
  lines: string[],
): Promise<Shown> {
  expectEnded(record, "opened");
  const pullRequest = pullRequestOf(context, record);
  expectEqual("the pull request's state", pullRequest.state, "open");
  await expectAsSet(context, pullRequest, record);
  const diff = await diffOf(context, pullRequest);
  expectSame("the lines that it changes", changedLines(diff), lines);
  return { detail: `${addressOf(pullRequest)} (${pullRequest.title})`, excerpt: diff };
}

/** The initial tag in an overlay of the example. */
export const firstTag = "0b5ee1f6d44bb0a1a2b0d6f6e8b6de6a2a0a4a11";

const tags = (from: string, to: string): string[] => [`-    newTag: ${from}`, `+    newTag: ${to}`];

/** The lines that another storefront revision changes in an overlay that already has one. */
export const tagLines = (position: number): string[] => tags(firstTag, revisionOf("storefront", position));

/** A CI job has succeeded: its image is proposed. */
export const opens = (position: number): Step => ({
  title: `CI reports build ${position} of the storefront, and a pull request is opened`,
  async run(context) {
    const revision = revisionOf("storefront", position);
    const asked = await ask(context, jobOf(position));
    const { service, environment, repository, image, build } = asked;
    expectSame(
      "what was asked for",
      { service, environment, repository, revision: asked.revision, image, build },
      {
        service: "storefront",
        environment: stackOf(context).environment,
        repository: storefront,
        revision,
        image: `storefront=${registryOf(context)}/storefront:${revision}`,
        build: buildUrl(position),
      },
    );
    const record = await ended(context, asked.id);
    const shown = await expectOpened(context, record, tagLines(position));
    const { title, body } = pullRequestOf(context, record);
    expectMatches("its title", title, new RegExp(`^storefront ${environment}: ${revision.slice(0, 7)}`));
    for (const link of [`https://github.com/${storefront}/commit/${revision}`, buildUrl(position)])
      expectEqual(`whether its body has ${link}`, String(body.includes(link)), "true");
    return shown;
  },
});

/** A CI job's webhook arrives again, after a retry or a rerun. */
export const repeats = (position: number): Step => ({
  title: "the same request again is answered with the existing record, and starts nothing",
  async run(context) {
    const [tasks, before] = [tasksStarted(context), pullRequestsOf(context).length];
    const { status, body } = await requestPullRequest(context, { body: jobOf(position) });
    expectEqual(`the status of the answer (${body})`, status, 200);
    const record: PullRequestRecord = JSON.parse(body);
    expectSame("the record", record, await read(context, record.id));
    expectSame(
      "the record's state and revision",
      [record.state, record.revision],
      ["opened", revisionOf("storefront", position)],
    );
    expectSame("tasks and pull requests", [tasksStarted(context), pullRequestsOf(context).length], [tasks, before]);
    return record.url;
  },
});

/** The newer one supersedes the older one, which says so. */
export const supersedes = (position: number, older: number): Step => ({
  title: `build ${position} replaces the one before, whose pull request is closed with a link to it`,
  async run(context) {
    const record = await ended(context, (await ask(context, jobOf(position))).id);
    const shown = await expectOpened(context, record, tagLines(position));
    const { number } = pullRequestOf(context, record);
    expectSame("the pull requests that are open", openOnes(context), [number]);
    const closed = pullRequestsOf(context).find((it) => it.number === older);
    expectEqual("its comments", closed?.comments.length, 1);
    expectMatches("its comment", closed?.comments[0]?.body ?? "", new RegExp(`#${number}\\b|/pull/${number}\\b`));
    return shown;
  },
});

/** Someone merges it; the same is requested after its record is deleted. */
export const unchanged = (position: number): Step => ({
  title: "it is merged; the same request again changes and opens nothing",
  async run(context) {
    const first = await requestPullRequest(context, { body: jobOf(position) });
    const merged: PullRequestRecord = JSON.parse(first.body);
    await context.forges.merge(gitopsOf(context), pullRequestOf(context, merged));
    await remove(context, merged.id);
    const [all, refs] = [pullRequestsOf(context).length, await gitopsOf(context).refs()];
    const record = await ended(context, (await ask(context, jobOf(position))).id);
    expectEnded(record, "unchanged");
    expectEqual("its URL", record.url, undefined);
    expectEqual("pull requests", pullRequestsOf(context).length, all);
    expectSame("branches", [...(await gitopsOf(context).refs())], [...refs]);
    return record.reason;
  },
});

/** Number of concurrent identical requests. */
const CALLERS = 8;

/** All runners of a build report at the same moment. The overlay has no image yet. */
export const opensOnce: Step = {
  title: `${CALLERS} identical requests at once: one task, one pull request, which adds the image to the overlay`,
  async run(context) {
    context.mark = context.account.events.length;
    const tasks = tasksStarted(context);
    const body = {
      repository: "acme/backoffice",
      revision: revisionOf("backoffice", 1),
      image: "backoffice=registry.acme.example/backoffice:1.0.0",
      environment: "dev",
    };
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => requestPullRequest(context, { body })));
    const statuses = answers.map(({ status }) => status).sort();
    expectSame("statuses", statuses, [...Array(CALLERS - 1).fill(200), 202]);
    const ids = new Set(answers.map((it) => (JSON.parse(it.body) as PullRequestRecord).id));
    expectEqual("records", ids.size, 1);
    const [id = ""] = ids;
    const record = await ended(context, id);
    expectEqual("tasks started", tasksStarted(context), tasks + 1);
    return expectOpened(context, record, [
      "+images:",
      "+  - name: backoffice",
      "+    newName: registry.acme.example/backoffice",
      "+    newTag: 1.0.0",
    ]);
  },
};

/** By digest, as in a pipeline: what is proposed is what was tested. */
export const opensByDigest: Step = {
  title: "an image by digest replaces another digest",
  async run(context) {
    const digest = `sha256:${"ab".repeat(32)}`;
    const { id } = await ask(context, {
      repository: storefront,
      revision: revisionOf("storefront", 1),
      image: `storefront=${registryOf(context)}/storefront@${digest}`,
      environment: "prod",
    });
    const before = "sha256:3f1c2a9d7c0be5d94d6f6e2a8b7c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c";
    return expectOpened(context, await ended(context, id), [`-    digest: ${before}`, `+    digest: ${digest}`]);
  },
};

/** Several are open in the gitops repository, for different services and environments. */
export const areOpen = (...titles: RegExp[]): Step => ({
  title: `${gitops} has one open pull request for each service and environment`,
  async run(context) {
    const open = pullRequestsOf(context).filter(({ state }) => state === "open");
    expectEqual("open pull requests", open.length, titles.length);
    for (const [index, title] of titles.entries()) expectMatches("a title", open[index]?.title ?? "", title);
    return open.map(({ number }) => `#${number}`).join(", ");
  },
});
