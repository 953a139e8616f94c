import { expect } from "chai";
import {
  type ActionObservation,
  type ActionStep,
  decideAction,
  isAskedAgain,
} from "../../../handlers/pullRequestAction/decision";
import type { PullRequestRecord } from "../../../images/gitops-pr/pullRequestRecord";

const IMAGE = `storefront=123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront@sha256:${"a".repeat(64)}`;
const OTHER = "storefront=123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:v2";
const TASK = "arn:aws:ecs:us-east-1:123456789012:task/dev/0123";
const URL = "https://github.com/acme/gitops/pull/7";
const SELF = "22222222-3333-4444-5555-666666666666/11111111-2222-3333-4444-555555555555";
const NOW = Date.parse("2026-01-05T10:00:00.000Z");

const recordOf = (given: Partial<PullRequestRecord>): PullRequestRecord => ({
  id: "0123456789abcdef0123456789abcdef",
  attempt: "33333333-4444-5555-6666-777777777777",
  service: "storefront",
  environment: "dev",
  revision: "v2",
  image: IMAGE,
  repository: "acme/storefront",
  requestedBy: SELF,
  state: "requested",
  requestedAt: "2026-01-05T09:59:00.000Z",
  updatedAt: "2026-01-05T09:59:00.000Z",
  ...given,
});

type Record = Partial<PullRequestRecord>;
/** What the step says, without the record that it is about: that is always the one observed. */
type Told = ActionStep extends infer Step ? (Step extends { record: unknown } ? Omit<Step, "record"> : Step) : never;

const running: Record = { state: "running", task: TASK };
const opened: Record = { state: "opened", task: TASK, url: URL };
const failed: Record = { state: "failed", task: TASK, cause: "overlay missing" };
const wait = (follows: boolean, progress: string): Told => ({ kind: "wait", follows, progress });
const succeeded = (summary: string): Told => ({ kind: "succeeded", summary });
const failure = (cause: string): Told => ({ kind: "failed", cause });

describe("pull request action", () => {
  const table: [string, Record | undefined, Partial<ActionObservation>, Told][] = [
    ["follows what it has asked for", { task: TASK }, { follows: false }, wait(true, "requested, task 0123")],
    ["follows what runs", running, {}, wait(true, "running, task 0123")],
    [
      "follows what another has asked for",
      { ...running, requestedBy: "alice" },
      { follows: false },
      wait(true, "running, task 0123"),
    ],
    [
      "waits for whoever is starting the task",
      { requestedAt: "2026-01-05T09:59:00.000Z" },
      {},
      wait(true, "requested"),
    ],
    ["starts a task that nobody has started", { requestedAt: "2026-01-05T09:58:59.999Z" }, {}, { kind: "launch" }],
    ["starts a task again of which it is unclear", { cause: "ECS is down" }, {}, { kind: "launch" }],
    [
      "does not start it again in the job that has just tried",
      { cause: "ECS is down" },
      { follows: false },
      wait(true, "requested, start not confirmed: ECS is down"),
    ],
    ["succeeds with the pull request's address", opened, {}, succeeded(URL)],
    [
      "succeeds with one that another asked for",
      { ...opened, requestedBy: undefined },
      {},
      succeeded(`${URL}, as requested at 2026-01-05T09:59:00.000Z`),
    ],
    [
      "succeeds if nothing had to change",
      { state: "unchanged", reason: "the overlay has this image" },
      {},
      succeeded("unchanged: the overlay has this image"),
    ],
    [
      "succeeds if nothing had to change for another",
      { state: "unchanged", reason: "superseded", requestedBy: "alice" },
      {},
      succeeded("unchanged: superseded, as requested at 2026-01-05T09:59:00.000Z"),
    ],
    ["succeeds after an hour too", opened, { elapsed: 7_200 }, succeeded(URL)],
    ["fails with the cause", failed, {}, failure("overlay missing")],
    ["fails in the job that has asked", failed, { follows: false }, failure("overlay missing")],
    [
      "fails with another's failure that it follows",
      { ...failed, requestedBy: "alice" },
      {},
      failure("overlay missing"),
    ],
    [
      "asks again after another's failure that it does not follow",
      { ...failed, requestedBy: "alice" },
      { follows: false },
      wait(false, "failed for another requester; requesting it again"),
    ],
    ["fails if its record was deleted", undefined, {}, failure("its record was deleted in the meantime")],
    [
      "waits until another image of the same revision has ended",
      { ...running, image: OTHER },
      { follows: false },
      wait(false, `the same revision is running with ${OTHER}`),
    ],
    [
      "waits if another was faster with another image",
      { ...opened, image: OTHER },
      { follows: false },
      wait(false, `the same revision is opened with ${OTHER}`),
    ],
    [
      "fails if another image took its record",
      { ...opened, image: OTHER },
      {},
      failure(`it was requested again in the meantime with another image, ${OTHER}`),
    ],
    [
      "fails if another image took its record, though its task died too",
      { ...running, image: OTHER, updatedAt: "2026-01-05T09:00:00.000Z" },
      {},
      failure(`it was requested again in the meantime with another image, ${OTHER}`),
    ],
    ["waits for almost an hour", running, { elapsed: 3_599 }, wait(true, "running, task 0123")],
    [
      "fails after an hour",
      running,
      { elapsed: 3_600 },
      failure("it did not end within an hour; it is running, task 0123"),
    ],
    [
      "does not start after an hour what was never started",
      { cause: "ECS is down" },
      { elapsed: 3_600 },
      failure("it did not end within an hour; it is requested, start not confirmed: ECS is down"),
    ],
    [
      "leaves alone what has changed within the hour",
      { ...running, updatedAt: "2026-01-05T09:00:00.001Z" },
      {},
      wait(true, "running, task 0123"),
    ],
    [
      "gives up a task of which nothing was heard for an hour",
      { ...running, updatedAt: "2026-01-05T09:00:00.000Z" },
      {},
      { kind: "lapse", cause: "its task has reported nothing since 2026-01-05T09:00:00.000Z" },
    ],
    [
      "gives up another image's task of which nothing was heard for an hour",
      { ...running, image: OTHER, updatedAt: "2026-01-05T09:00:00.000Z" },
      { follows: false },
      { kind: "lapse", cause: "its task has reported nothing since 2026-01-05T09:00:00.000Z" },
    ],
    ["does not give up what ended hours ago", { ...opened, updatedAt: "2026-01-04T09:00:00.000Z" }, {}, succeeded(URL)],
  ];
  for (const [what, given, observation, expected] of table) {
    it(what, () => {
      const record = given && recordOf(given);
      const asked = { image: IMAGE, requestedBy: SELF, follows: true, elapsed: 60, now: NOW, record };
      const { record: about, ...step } = { record: undefined, ...decideAction({ ...asked, ...observation }) };
      expect(step).to.deep.equal(expected);
      expect(about).to.equal(step.kind === "launch" || step.kind === "lapse" ? record : undefined);
    });
  }
});

describe("a pull request that was asked for before", () => {
  const table: [string, Record, boolean][] = [
    ["is not asked for again while it is requested", {}, false],
    ["is not asked for again while it is requested with another image", { image: OTHER }, false],
    ["is not asked for again while it runs", running, false],
    ["is not asked for again while it runs with another image", { ...running, image: OTHER }, false],
    ["is not asked for again while it runs for another", { ...running, requestedBy: "alice" }, false],
    ["is not asked for again once it is open", opened, false],
    ["is asked for again once it is open for another", { ...opened, requestedBy: "alice" }, true],
    ["is not asked for again if nothing had to change", { state: "unchanged" }, false],
    ["is asked for again if nothing had to change for another", { state: "unchanged", requestedBy: "alice" }, true],
    ["is asked for again if it failed for another", { ...failed, requestedBy: "alice" }, true],
    ["is asked for again if it failed for nobody known", { ...failed, requestedBy: undefined }, true],
    ["is not asked for again by the one for whom it failed", failed, false],
  ];
  for (const [what, given, expected] of table) {
    it(what, () => {
      expect(isAskedAgain(recordOf(given), SELF)).to.equal(expected);
    });
  }
});
