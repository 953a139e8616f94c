import type { Instruction } from "./dockerfile";
import { assignments, expand, type Lookup, words } from "./variables";

/** One stage of a Dockerfile: its base and its instructions. */
export interface Stage {
  /** Position in the Dockerfile, from 0. */
  index: number;
  /** `AS build`; the index if it has no name. */
  name: string;
  from: string;
  fromLine: number;
  instructions: Instruction[];
}

export interface Plan {
  /** The stages that the target needs, in order, the target last. */
  stages: Stage[];
  /** ARGs declared before the first FROM, which stages may adopt by name. */
  globals: Map<string, string>;
}

/**
 * Decides which stages to build: the target (by default the last one), and those that it is based on or copies from.
 * @throws if an instruction is outside a stage, or the target does not exist
 */
export function plan(instructions: Instruction[], build: Lookup, target?: string): Plan {
  const globals = new Map<string, string>();
  const stages: Stage[] = [];
  const lookup: Lookup = (name) => globals.get(name) ?? platformArgument(name);
  for (const instruction of instructions) {
    const { keyword, line, text } = instruction;
    if (keyword === "FROM") stages.push(stageOf(instruction, stages.length, lookup));
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (keyword !== "ARG")
      throw new Error(`line ${line}: ${keyword}: no build stage in current context: only ARG may stand before FROM`);
    else for (const [name, value] of argumentsOf(text, lookup)) globals.set(name, build(name) ?? value ?? "");
  }
  const last = target === undefined ? stages.at(-1) : find(stages, target);
  if (last === undefined)
    throw new Error(
      target === undefined ? "the Dockerfile has no FROM" : `target stage "${target}" could not be found`,
    );
  const needed = new Set<Stage>();
  need(stages, last, needed);
  return { stages: stages.filter((stage) => needed.has(stage)), globals };
}

function need(stages: Stage[], stage: Stage, needed: Set<Stage>): void {
  if (needed.has(stage)) return;
  needed.add(stage);
  const earlier = stages.slice(0, stages.indexOf(stage));
  const names = [
    stage.from,
    ...stage.instructions.flatMap((it) => it.flags.filter(([flag]) => flag === "from").map(([, name]) => name)),
  ];
  for (const name of names) {
    const found = find(earlier, name);
    if (found !== undefined) need(stages, found, needed);
  }
}

/** A stage by its name or index. */
export function find(stages: Stage[], name: string): Stage | undefined {
  const named = stages.findLast((stage) => stage.name.toLowerCase() === name.toLowerCase());
  return named ?? stages.find((stage) => String(stage.index) === name);
}

function stageOf({ line, text }: Instruction, index: number, lookup: Lookup): Stage {
  const [image = "", as, name] = words(text).map((word) => expand(word, lookup));
  if (image === "") throw new Error(`line ${line}: FROM: base name should not be blank: ${text}`);
  if (as !== undefined && (as.toUpperCase() !== "AS" || name === undefined))
    throw new Error(`line ${line}: FROM requires either one or three arguments: ${text}`);
  return { index, name: name ?? String(index), from: image, fromLine: line, instructions: [] };
}

/** Any number of `ARG name` and `ARG name=default`. */
export function argumentsOf(text: string, lookup: Lookup): [name: string, value: string | undefined][] {
  return words(text).map((word) =>
    word.includes("=") ? (assignments(word, lookup)[0] ?? [word, ""]) : [word, undefined],
  );
}

function platformArgument(name: string): string | undefined {
  return name === "BUILDPLATFORM" || name === "TARGETPLATFORM" ? "linux/amd64" : undefined;
}
