import type { CloudEvent } from "../cloud/events";
import type { Decision } from "../cloud/iam";
import type { Grant } from "../cloud/policies";
import type { Delivery } from "../github/deliveries";
import type { Sighting } from "../scenarios/world";
import { count, table } from "./table";

/** A permission that no call needed, and why it is granted all the same. */
interface Unused {
  grant: Grant;
  reason: string | undefined;
}

/** What a rehearsal leaves to tell, over all accounts that it opened. */
export interface Findings {
  /** Pulumi type tokens, one for each resource. */
  resources: string[];
  events: CloudEvent[];
  decisions: Decision[];
  granted: number;
  unused: Unused[];
  /** Whether only some scenarios were played: then what is not needed tells nothing. */
  partial: boolean;
  deliveries: readonly Delivery[];
  seen: Sighting[];
  /** Real milliseconds. */
  took: number;
}

/** The summary, as sections of aligned lines. */
export function summarise(findings: Findings): string {
  const rows = [
    [
      "Resources",
      `${count(findings.resources.length, "resource")} of ${count(new Set(findings.resources).size, "type")}`,
    ],
    ...resourceRows(findings.resources),
    ["Functions", functionsLine(findings.events)],
    ["Calls", callsLine(findings.decisions)],
    ...deniedRows(findings.decisions),
    [
      "Permissions",
      `${findings.granted} granted, ${findings.unused.length} not needed${findings.partial ? " by these scenarios" : ""}`,
    ],
    ...(findings.partial ? [] : unusedRows(findings.unused)),
    ["Deliveries", deliveriesLine(findings.deliveries)],
    ["Executions", executionsLine(findings.events)],
    ...seenRows(findings.seen),
  ];
  return table(rows);
}

/** `lambda  Function 4, Permission 1`: Pulumi's tokens grouped by the service they belong to. */
function resourceRows(types: string[]): string[][] {
  const services = new Map<string, Map<string, number>>();
  for (const type of types) {
    const [, module = "", resource = type] = /^[^:]+:([^/:]+)[^:]*:(\w+)$/.exec(type) ?? [];
    const resources = services.get(module) ?? new Map<string, number>();
    services.set(module, resources.set(resource, (resources.get(resource) ?? 0) + 1));
  }
  const width = Math.max(...[...services.keys()].map((name) => name.length));
  return [...services]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, resources]) => ["", `${name.padEnd(width)}  ${tally([...resources])}`]);
}

const tally = (entries: [string, number][]): string =>
  entries
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, number]) => `${name} ${number}`)
    .join(", ");

const listed = (list: string): string => (list === "" ? "" : `: ${list}`);

/** How often each occurs, in the order of the first. */
function counted(names: string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts];
}

function functionsLine(events: CloudEvent[]): string {
  const invoked = events.filter((event) => event.kind === "function-invoked");
  const failed = invoked.filter((event) => event.outcome === "failed").length;
  const each = counted(invoked.map((event) => event.function));
  return `${count(invoked.length, "invocation")}, ${failed} failed${listed(tally(each))}`;
}

function callsLine(decisions: Decision[]): string {
  const allowed = decisions.filter((decision) => decision.denial === undefined).length;
  return `${allowed} allowed, ${decisions.length - allowed} denied`;
}

const deniedRows = (decisions: Decision[]): string[][] =>
  decisions.filter((it) => it.denial !== undefined).map((it) => ["", it.denial ?? ""]);

const unusedRows = (unused: Unused[]): string[][] =>
  unused.map(({ grant, reason }) => [
    "",
    `${grant.role} ${grant.action} on ${grant.resource}: ${reason ?? "NO REASON KNOWN"}`,
  ]);

function deliveriesLine(deliveries: readonly Delivery[]): string {
  const outcomes = counted(deliveries.map((it) => `${it.event} ${it.answer?.status ?? "without an answer"}`));
  return `${deliveries.length}${listed(outcomes.map(([outcome, number]) => `${number} × ${outcome}`).join(", "))}`;
}

function executionsLine(events: CloudEvent[]): string {
  const ended = events.filter((event) => event.kind === "pipeline" && event.status !== "InProgress");
  const each = counted(ended.map((event) => (event.kind === "pipeline" ? `${event.pipeline} ${event.status}` : "")));
  return each.length === 0 ? "none" : each.map(([name, number]) => `${number} × ${name}`).join(", ");
}

function seenRows(seen: Sighting[]): string[][] {
  const lines = new Set(seen.map(({ version, url }) => `${version} at ${url}`));
  return [...lines].map((line, index) => [index === 0 ? "Seen" : "", line]);
}
