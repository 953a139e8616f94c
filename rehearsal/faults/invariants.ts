import { subjectOf } from "../report/subject";
import { type Evidence, eventsOf, executionEnds, recordOf } from "./evidence";
import { actionViolations } from "./invariants/actions";
import { lockViolations } from "./invariants/locks";

/** Must hold under any fault. */
export interface Invariant {
  name: string;
  /** @returns a sentence for each violation */
  violations(evidence: Evidence): string[];
}

const MINUTE = 60_000;

/** The versions run by an environment's services. */
const versionsOf = ({ services }: Evidence["stacks"][number]): string[] => [
  ...new Set(services.map(({ version }) => version)),
];

/** Outcome notices. CloudWatch's and CodePipeline's own messages are not outcomes. */
const outcomes = (evidence: Evidence) =>
  eventsOf(evidence, "notice")
    .filter((notice) => !/^(ALARM|OK|INSUFFICIENT_DATA): |^APPROVAL NEEDED/.test(subjectOf(notice)))
    .map((notice) => ({ subject: subjectOf(notice), message: notice.message }));

/** Notices that an execution of this delivery, or its deployment by HTTP, failed. Excludes scheduled tasks. */
function failures(evidence: Evidence) {
  const requested = evidence.request.kind === "push" ? undefined : recordOf(evidence)?.id;
  const ids = [...executionEnds(evidence).keys(), ...(requested === undefined ? [] : [requested])];
  return outcomes(evidence).filter(
    ({ subject, message }) => /failed/.test(subject) && ids.some((id) => message.includes(id)),
  );
}

const oneVersion: Invariant = {
  name: "all services of the application run one version",
  violations: ({ stacks }) =>
    stacks.flatMap((stack) => {
      const { environment, services } = stack;
      const versions = versionsOf(stack);
      const mixed = versions.length > 1 ? [`${environment} runs ${versions.join(" and ")}`] : [];
      const unsettled = services
        .filter(
          ({ desired, running, pending, rollouts }) =>
            running !== desired || pending !== 0 || rollouts.length !== 1 || rollouts[0] === "IN_PROGRESS",
        )
        .map(
          ({ name, running, desired, rollouts }) =>
            `${environment}: ${name} runs ${running} of ${desired} tasks, rollouts: ${rollouts.join(", ")}`,
        );
      return [...mixed, ...unsettled];
    }),
};

const agreement: Invariant = {
  name: "tag, schedules and services agree, or a notice says which do not",
  violations(evidence) {
    // A deployment by HTTP does not change schedules.
    const withSchedules = evidence.request.kind === "push";
    return evidence.stacks.flatMap((stack) => {
      const { environment, tagged, schedules } = stack;
      const services = versionsOf(stack);
      if (services.every((it) => it.endsWith(":none"))) return [];
      const others = [tagged, ...(withSchedules ? schedules : [])].filter((it) => !services.includes(it));
      const isTold = failures(evidence).some(({ subject }) => subject.includes(` in ${environment}: `));
      return others.length === 0 || isTold
        ? []
        : [
            `${environment}: services run ${services.join(", ")}, the tag is at ${tagged}, schedules run ${schedules.join(", ") || "nothing"}, and no notice says so`,
          ];
    });
  },
};

const everyPush: Invariant = {
  name: "every push is delivered, superseded, or in a dead-letter queue with an alarm",
  violations(evidence) {
    const { request } = evidence;
    if (request.kind !== "push") return [];
    const short = request.commit.slice(0, 7);
    const isTaken = eventsOf(evidence, "action").some(
      ({ status, summary = "" }) => status === "Succeeded" && summary.includes(short),
    );
    const isOver = executionEnds(evidence).size > 0;
    if (isTaken && isOver) return [];
    const isDead = eventsOf(evidence, "message-dead").length > 0;
    const isAlarmed = eventsOf(evidence, "alarm").some(({ alarm, state }) => /dead/.test(alarm) && state === "ALARM");
    if (isDead && isAlarmed) return [];
    // An execution that fails at its source has no version, and is reported.
    if (isOver && failures(evidence).length > 0) return [];
    return [
      `version ${request.version} was ${isTaken ? "not finished" : "not taken by a pipeline"}${isDead ? "; it is among the dead letters, without an alarm" : ""}`,
    ];
  },
};

const oneMigration: Invariant = {
  name: "one migration task per execution, and never two of one application at once",
  violations(evidence) {
    const executions = new Set(eventsOf(evidence, "pipeline").map(({ executionId }) => executionId));
    const migrations = eventsOf(evidence, "task").filter(({ startedBy = "" }) => executions.has(startedBy));
    const found: string[] = [];
    for (const execution of executions) {
      const own = migrations.filter(({ startedBy }) => startedBy === execution);
      const tasks = new Set(own.map(({ taskArn }) => taskArn));
      if (tasks.size > 1) found.push(`execution ${execution} ran ${tasks.size} migrations`);
    }
    const running = new Map<string, string>();
    for (const { taskArn, family = "", status } of migrations) {
      const [other] = [...running].find(([arn, its]) => its === family && arn !== taskArn) ?? [];
      if (status === "STOPPED") running.delete(taskArn);
      else {
        if (other !== undefined) found.push(`two migrations of ${family} ran at once`);
        running.set(taskArn, family);
      }
    }
    return found;
  },
};

const endStates = new Set(["succeeded", "failed", "opened", "unchanged"]);

const everyRecord: Invariant = {
  name: "every record reaches an end state",
  violations: ({ records }) =>
    records.filter(({ state }) => !endStates.has(state)).map(({ id, state }) => `record ${id} is still ${state}`),
};

const everyOutcome: Invariant = {
  name: "every outcome is published at least once",
  violations(evidence) {
    const notices = outcomes(evidence);
    const unreported = [...executionEnds(evidence)]
      .filter(([id]) => !notices.some(({ message }) => message.includes(id)))
      .map(([id, { status }]) => `no notice says that execution ${id} has ${status.toLowerCase()}`);
    const { request } = evidence;
    const isUnreported =
      request.kind === "deployment" &&
      request.id !== undefined &&
      !notices.some(({ subject }) => subject.includes(`deployment request for ${request.version} `));
    return isUnreported ? [...unreported, `no notice says how deployment ${request.id} has ended`] : unreported;
  },
};

const inTime: Invariant = {
  name: "the delivery ends within the rollout's deadline plus 5 minutes",
  violations: ({ ended, due, began, unrest }) =>
    ended <= due && unrest.length === 0
      ? []
      : [
          `after ${Math.round((ended - began) / MINUTE)} minutes of ${Math.round((due - began) / MINUTE)}: ${unrest.join("; ") || "it had ended too late"}`,
        ],
};

/** docs/faults.md lists them with the same wording. */
export const invariants: Invariant[] = [
  { name: "every pipeline action gets exactly one result", violations: actionViolations },
  oneVersion,
  agreement,
  everyPush,
  oneMigration,
  {
    name: "a deployment lock names its execution, is valid while that runs, and is released within 5 minutes of its end",
    violations: lockViolations,
  },
  everyRecord,
  everyOutcome,
  inTime,
];

/** All violations, with the invariants' names. */
export const violationsOf = (evidence: Evidence): string[] =>
  invariants.flatMap(({ name, violations }) => violations(evidence).map((it) => `${name}: ${it}`));
