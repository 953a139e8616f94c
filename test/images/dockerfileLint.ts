import { validate } from "dockerfile-utils";
import { execForm, type Instruction, parseDockerfile } from "../../rehearsal/cloud/docker/dockerfile";
import { plan, type Stage } from "../../rehearsal/cloud/docker/plan";
import { shellcheck } from "../shellcheck";

/** How exactly a base image has to be named: `24.21.0-alpine3.24`, or `24-alpine`. */
export type Pin = "version" | "major";

const PINS: Record<Pin, RegExp> = { version: /:\d+\.\d+\.\d+-[a-z]+\d+\.\d+$/, major: /:\d+[\w.-]*$/ };

/** What is wrong with a Dockerfile, in the order of its lines: `3: what`. */
export function mistakesOf(text: string, pin: Pin): string[] {
  const instructions = parseDockerfile(text);
  const found = [
    ...validate(text).map(({ range, message }) => ({ line: range.start.line + 1, message })),
    ...shellMistakes(instructions),
    ...packageMistakes(instructions),
    ...signalMistakes(instructions),
    ...stageMistakes(instructions, pin),
  ];
  return found.sort((a, b) => a.line - b.line).map(({ line, message }) => `${line}: ${message}`);
}

interface Mistake {
  line: number;
  message: string;
}

const commandsOf = (instructions: Instruction[]): Instruction[] =>
  instructions.filter(({ keyword, text }) => keyword === "RUN" && execForm(text) === undefined);

/** Each command of a shell takes one line of the script that ShellCheck reads. */
function shellMistakes(instructions: Instruction[]): Mistake[] {
  const commands = commandsOf(instructions);
  if (commands.length === 0) return [];
  const script = ["#!/bin/sh", ...commands.map(({ text }) => text)].join("\n");
  return shellcheck(`${script}\n`, "sh").map(({ line, code, message }) => ({
    line: commands[line - 2]?.line ?? 0,
    message: `SC${code}: ${message}`,
  }));
}

function packageMistakes(instructions: Instruction[]): Mistake[] {
  return commandsOf(instructions).flatMap(({ line, text }) => {
    const [, given] = /\bapk add ([^&;|]*)/.exec(text) ?? [];
    if (given === undefined) return [];
    const words = given.trim().split(/\s+/);
    const cached = words.includes("--no-cache") ? [] : [{ line, message: "apk leaves its index in the image" }];
    const loose = words.filter((it) => !it.startsWith("-") && !it.includes("="));
    return [...cached, ...loose.map((name) => ({ line, message: `the package ${name} is not pinned` }))];
  });
}

/** A shell in front of the program is what gets ECS's SIGTERM, and does not pass it on. */
function signalMistakes(instructions: Instruction[]): Mistake[] {
  return instructions
    .filter(({ keyword, text }) => ["CMD", "ENTRYPOINT"].includes(keyword) && execForm(text) === undefined)
    .map(({ line, keyword }) => ({ line, message: `${keyword} is no list in JSON: a shell would get the signals` }));
}

function stageMistakes(instructions: Instruction[], pin: Pin): Mistake[] {
  if (!instructions.some(({ keyword }) => keyword === "FROM")) return [];
  const { stages } = plan(instructions, () => undefined);
  const isStage = (name: string) => stages.some((stage) => stage.name === name);
  const loose = stages.filter(({ from }) => !isStage(from) && !PINS[pin].test(from));
  return [
    ...loose.map(({ from, fromLine }) => ({ line: fromLine, message: `the base image ${from} is not pinned` })),
    ...rootMistakes(stages),
    ...userMistakes(stages.at(-1)),
  ];
}

const isRoot = (user: string): boolean => /^(root|0)(:|$)/.test(user);

const PACKAGE_MANAGER = /\b(apk|apt-get|apt|microdnf|dnf|yum)\b[^&;|]*\b(add|del|install|remove|update|upgrade)\b/;

/** A stage begins as the user that the stage before it ended as; a base image is taken to end as root. */
function rootMistakes(stages: Stage[]): Mistake[] {
  const users = new Map<string, string>();
  return stages.flatMap(({ name, from, instructions }) => {
    let user = users.get(from) ?? "root";
    const found: Mistake[] = [];
    for (const { line, keyword, text } of instructions) {
      if (keyword === "USER") user = text.trim();
      const [, manager] = (keyword === "RUN" && PACKAGE_MANAGER.exec(text)) || [];
      if (manager !== undefined && !isRoot(user))
        found.push({ line, message: `${manager} needs root, and is ${user}` });
    }
    users.set(name, user);
    return found;
  });
}

function userMistakes(stage: Stage | undefined): Mistake[] {
  if (stage === undefined) return [];
  const user = stage.instructions.findLast(({ keyword }) => keyword === "USER");
  if (user === undefined) return [{ line: stage.fromLine, message: "the image runs as root: it names no USER" }];
  return isRoot(user.text.trim()) ? [{ line: user.line, message: "the image runs as root" }] : [];
}
