import { FAULT_KINDS } from "../cloud/injection";
import { table } from "../report/table";
import { commandOf, type Result, type Verdict } from "./result";

const count = (results: Result[], verdict: Verdict): number => results.filter((it) => it.verdict === verdict).length;

/** `held/failed safely/broken` counts of the results; empty if there are none. */
function cell(results: Result[]): string {
  const met = results.filter(({ verdict }) => verdict !== "not met");
  return met.length === 0 ? "" : [count(met, "held"), count(met, "failed safely"), count(met, "broken")].join("/");
}

/** Results by operation and kind of fault, then the broken ones and how to replay them. */
export function report(results: Result[]): string {
  const rows = [...new Set(results.map(({ fault }) => `${fault.service}:${fault.operation}`))].sort();
  const lines = rows.map((row) => {
    const own = results.filter(({ fault }) => `${fault.service}:${fault.operation}` === row);
    return [row, ...FAULT_KINDS.map((kind) => cell(own.filter(({ fault }) => fault.kind === kind)))];
  });
  return [
    "Deliveries that held / failed safely / were broken, by operation and kind of fault",
    table([
      ["", ...FAULT_KINDS],
      ...lines,
      ["all", ...FAULT_KINDS.map((kind) => cell(results.filter((it) => it.fault.kind === kind)))],
    ]),
    summary(results),
    ...results.filter(({ verdict }) => verdict === "broken").map(describeBroken),
  ].join("\n");
}

/** One line. */
export const summary = (results: Result[]): string =>
  [
    `${results.length} combinations`,
    `${count(results, "held")} held`,
    `${count(results, "failed safely")} failed safely`,
    `${count(results, "broken")} broken`,
    `${count(results, "not met")} not met`,
  ].join(", ");

function describeBroken(result: Result): string {
  const often = result.again === false ? " (held when it was played once more)" : "";
  return [`Broken${often}: ${commandOf(result)}`, ...result.violations.map((it) => `  ${it}`)].join("\n");
}
