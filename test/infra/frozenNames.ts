import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Registration } from "../../rehearsal/monitor";
import type { Program } from "../../rehearsal/program";
import { everyOption } from "./everyOption";
import { evaluateStack, stackBeijing, stackDev, stackNingxia, stackProd } from "./support";

/** The stacks whose names are frozen, and how each is evaluated. */
export const STACKS: Record<string, () => Promise<Program>> = {
  dev: stackDev,
  prod: stackProd,
  "cn-north-1": stackBeijing,
  "cn-northwest-1": stackNingxia,
  "every-option": () => evaluateStack({ settings: everyOption }),
};

// Inputs that are a resource's name in AWS. A resource without one is named by Pulumi, after its URN.
const NAMES = ["name", "family", "dashboardName"];

/** A resource by its URN, without stack and project, and by the name that the program gives it. */
function lineOf({ urn, inputs, kind }: Registration): string {
  const given = kind === "custom" ? NAMES.map((key) => inputs[key]).find((it) => typeof it === "string") : undefined;
  const name = urn.split("::").slice(2).join("::");
  return given === undefined ? name : `${name} = ${given}`;
}

export const namesOf = ({ registrations }: Program): string[] => registrations.map(lineOf).sort();

const fileOf = (stack: string) => path.join(__dirname, "frozenNames", `${stack}.txt`);

export const frozenNames = (stack: string): string[] => readFileSync(fileOf(stack), "utf8").trimEnd().split("\n");

/**
 * The frozen names that the program does not have any more: neither as such, nor as an alias. An alias has to name the program's
 * own stack: `urn:pulumi:${pulumi.getStack()}::…`.
 */
export function lostNames(stack: string, program: Program): string[] {
  const own = program.registrations[0]?.urn.split("::").slice(0, 2).join("::") ?? "";
  const aliases = program.registrations.flatMap((it) => it.aliases).filter((urn) => urn.startsWith(`${own}::`));
  const known = new Set([...namesOf(program), ...aliases.map((urn) => urn.slice(own.length + 2))]);
  return frozenNames(stack).filter((line) => !known.has(line));
}

/** The names that are not frozen yet. */
export const newNames = (stack: string, program: Program): string[] => {
  const frozen = new Set(frozenNames(stack));
  return namesOf(program).filter((line) => !frozen.has(line));
};

export function freeze(stack: string, program: Program): void {
  writeFileSync(fileOf(stack), `${namesOf(program).join("\n")}\n`);
}
