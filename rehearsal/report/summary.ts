import type { CloudEvent } from "../cloud/events";
import type { Decision } from "../cloud/iam";
import type { Grant } from "../cloud/policies";
import type { PullRequest } from "../forges/pullRequests";
import type { Delivery } from "../forges/webhook";
import type { Sighting } from "../scenarios/scenarioContext";
import { resourceOf, withoutArns } from "./arn";
import type { PipelineNames } from "./pipelines";
import { reachedLines } from "./reached";
import { isAllClear, subjectOf } from "./subject";
import { count, table } from "./table";

/** A permission that no call needed, and why it is granted nevertheless. */
interface Unused {
  grant: Grant;
  reason: string | undefined;
}

/** The results of a rehearsal across all its accounts. */
export interface Findings {
  /** Pulumi type tokens, one per resource. */
  resources: string[];
  events: CloudEvent[];
  /** Display names of its pipelines. */
  pipelines: PipelineNames;
  decisions: Decision[];
  granted: number;
  unused: Unused[];
  /** Whether only some scenarios were played: unused permissions then mean nothing. */
  partial: boolean;
  deliveries: readonly Delivery[];
  pullRequests: readonly PullRequest[];
  seen: Sighting[];
  /** Real milliseconds. */
  took: number;
}

/** The summary, as sections of aligned lines. */
export function summarise(findings: Findings): string {
  const { events, decisions, deliveries, granted, unused, partial, seen } = findings;
  const rows = [
    ["Resources", resourcesLine(findings.resources)],
    ["Functions", functionsLine(events)],
    ["Calls", callsLine(decisions)],
    ...deniedRows(decisions),
    ["Permissions", `${granted} granted, ${unused.length} not needed${partial ? " by these scenarios" : ""}`],
    ...(partial ? [] : unusedRows(unused)),
    ["Deliveries", deliveriesLine(deliveries)],
    ...section("Reached", reachedLines(events)),
    ["Executions", executionsLine(events, findings.pipelines)],
    ...section("Proposed", findings.pullRequests.map(pullRequestLine)),
    ...section("Schedules", scheduleLines(events)),
    ...section("Notices", noticeLines(events)),
    ...section("Seen", [
      ...new Set(seen.map(({ version, environment, url }) => `${version} in ${environment} at ${url}`)),
    ]),
  ];
  return table(rows);
}

const section = (title: string, lines: string[]): string[][] =>
  lines.map((line, index) => [index === 0 ? title : "", line]);

/** Number of types named: the most frequent ones. */
const NAMED_TYPES = 5;

/** `9 resources of 6 types: Bucket 4, Function 1, …` */
function resourcesLine(types: string[]): string {
  const counts = counted(types).map(([type, number]): [string, number] => [type.split(":").at(-1) ?? type, number]);
  counts.sort(([a, more], [b, fewer]) => fewer - more || a.localeCompare(b));
  const often = counts.slice(0, NAMED_TYPES).map(([name, number]) => `${name} ${number}`);
  const rest = counts.length > often.length ? ", …" : "";
  return `${count(types.length, "resource")} of ${count(counts.length, "type")}${listed(often.join(", "))}${rest}`;
}

/** `acme/gitops#2 merged: storefront dev: 0123456` */
const pullRequestLine = ({ repository, number, state, mergedAt, title }: PullRequest): string =>
  `${repository}#${number} ${mergedAt === undefined ? state : "merged"}: ${title}`;

/** The rules with a schedule and their latest change. */
function scheduleLines(events: CloudEvent[]): string[] {
  const rules = new Map<string, { schedule: string; change: string }>();
  for (const event of events) {
    if (event.kind !== "rule-changed") continue;
    const schedule = event.schedule ?? rules.get(event.rule)?.schedule;
    // A rule without a schedule waits for an event: it belongs to the program, not to an application.
    if (schedule !== undefined) rules.set(event.rule, { schedule, change: event.change });
  }
  const width = Math.max(0, ...[...rules.keys()].map((rule) => rule.length));
  return [...rules].map(
    ([rule, { schedule, change }]) => `${rule.padEnd(width)}  ${schedule}${change === "deleted" ? ", deleted" : ""}`,
  );
}

/** The subjects of all notices; OK alarms are combined. */
function noticeLines(events: CloudEvent[]): string[] {
  const notices = events.filter((event) => event.kind === "notice");
  const clear = notices.filter(isAllClear);
  const others = counted(notices.filter((it) => !isAllClear(it)).map(subjectOf));
  return [
    ...others.map(([subject, number]) => `${number} × ${subject}`),
    ...(clear.length === 0 ? [] : [`${clear.length} × an alarm is OK`]),
  ];
}

const tally = (entries: [string, number][]): string =>
  entries
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, number]) => `${name} ${number}`)
    .join(", ");

const listed = (list: string): string => (list === "" ? "" : `: ${list}`);

/** Number of occurrences, in order of the first. */
function counted(names: string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts];
}

/** `9 invocations of 3 functions, 1 failed: fetch 1` */
function functionsLine(events: CloudEvent[]): string {
  const invoked = events.filter((event) => event.kind === "function-invoked");
  const failed = invoked.filter((event) => event.outcome === "failed").map((event) => event.function);
  const functions = new Set(invoked.map((event) => event.function)).size;
  return `${count(invoked.length, "invocation")} of ${count(functions, "function")}, ${failed.length} failed${listed(tally(counted(failed)))}`;
}

function callsLine(decisions: Decision[]): string {
  const allowed = decisions.filter((decision) => decision.denial === undefined).length;
  return `${allowed} allowed, ${decisions.length - allowed} denied`;
}

const deniedRows = (decisions: Decision[]): string[][] =>
  decisions.filter((it) => it.denial !== undefined).map((it) => ["", withoutArns(it.denial ?? "")]);

/** Groups a role's grants by reason. Without a reason, also shows the resource, which somebody must investigate. */
function unusedRows(unused: Unused[]): string[][] {
  const rows = new Map<string, Set<string>>();
  for (const { grant, reason } of unused) {
    const row = `${grant.role}: ${reason ?? "NO REASON KNOWN"}`;
    const granted = reason === undefined ? `${grant.action} on ${resourceOf(grant.resource)}` : grant.action;
    rows.set(row, (rows.get(row) ?? new Set()).add(granted));
  }
  return [...rows].map(([row, granted]) => ["", `${row} (${[...granted].join(", ")})`]);
}

function deliveriesLine(deliveries: readonly Delivery[]): string {
  const outcomes = counted(deliveries.map((it) => `${it.event} ${it.answer?.status ?? "without an answer"}`));
  return `${deliveries.length}${listed(outcomes.map(([outcome, number]) => `${number} × ${outcome}`).join(", "))}`;
}

function executionsLine(events: CloudEvent[], names: PipelineNames): string {
  const ended = events.filter((event) => event.kind === "pipeline").filter(({ status }) => status !== "InProgress");
  const each = counted(ended.map(({ pipeline, status }) => `${names.get(pipeline) ?? pipeline} ${status}`));
  return each.length === 0 ? "none" : each.map(([name, number]) => `${number} × ${name}`).join(", ");
}
