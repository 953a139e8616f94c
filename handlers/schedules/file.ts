import { isAlias, isMap, isScalar, isSeq, type ParsedNode } from "yaml";
import { FARGATE_CPU, fargateMemory } from "../shared/fargate";
import { cronExpression, cronMistakes, rateExpression, rateMistakes } from "./expression";
import { type Mistake, parseFile } from "./syntax";

/** One entry of schedules.yaml. */
export interface Schedule {
  name: string;
  /** `cron(…)` or `rate(…)` */
  expression: string;
  command: string[];
  /** CPU units and MiB; the task definition's if absent. */
  size?: { cpu: number; memory: number } | undefined;
  enabled: boolean;
}

export interface SchedulesFile {
  schedules: Schedule[];
  /** In the order of lines. If there are any, do not use {@link schedules}. */
  mistakes: Mistake[];
}

/** Checks AWS's limits for a schedule. Returns the violations. */
export type ScheduleCheck = (schedule: Schedule) => string[];

type YamlNode = ParsedNode | null | undefined;

interface Reading {
  /** The node itself, or the target of an alias. */
  resolve(node: YamlNode): YamlNode;
  mistake(node: YamlNode, reason: string): undefined;
}

/** Parses the whole schedules.yaml, to report all mistakes at once. */
export function readSchedulesFile(text: string, check: ScheduleCheck): SchedulesFile {
  const { document, mistakes, lineAt } = parseFile(text);
  const reading: Reading = {
    resolve: (node) => (isAlias(node) ? (node.resolve(document) as YamlNode) : node),
    mistake(node, reason) {
      mistakes.push({ line: lineAt(node?.range[0] ?? 0), reason });
    },
  };
  // After syntax errors, the content cannot be interpreted.
  const schedules = mistakes.length > 0 ? [] : readDocument(reading, document.contents as YamlNode, check);
  return { schedules, mistakes: mistakes.sort((one, other) => one.line - other.line) };
}

function readDocument(reading: Reading, root: YamlNode, check: ScheduleCheck): Schedule[] {
  const entries = readMap(reading, root, "the file", ["timeZone", "schedules"]);
  if (entries === undefined) {
    return [];
  }
  checkTimeZone(reading, root, entries.timeZone);
  if (entries.schedules === undefined) {
    reading.mistake(root, "schedules is missing; expected a list, which may be empty: []");
    return [];
  }
  const list = reading.resolve(entries.schedules);
  if (!isSeq<ParsedNode>(list)) {
    reading.mistake(entries.schedules, `schedules is ${shown(list)}, expected a list`);
    return [];
  }
  const names: string[] = [];
  return list.items.flatMap((item, index) => {
    const schedule = readSchedule(reading, item, `schedules[${index}]`, names);
    for (const reason of schedule === undefined ? [] : check(schedule)) {
      reading.mistake(item, `schedules[${index}] ${reason}`);
    }
    return schedule ?? [];
  });
}

function checkTimeZone(reading: Reading, root: YamlNode, node: YamlNode): void {
  const why = "EventBridge rules support only UTC";
  if (node === undefined) {
    reading.mistake(root, `timeZone is missing; write timeZone: UTC, because ${why}`);
    return;
  }
  const value = reading.resolve(node);
  if (!isScalar(value) || value.value !== "UTC") {
    reading.mistake(node, `timeZone is ${shown(value)}, expected UTC, because ${why}`);
  }
}

const KEYS = ["name", "cron", "rate", "command", "cpu", "memory", "enabled"];

/** @param names of the schedules before it; adds its own */
function readSchedule(reading: Reading, node: YamlNode, path: string, names: string[]): Schedule | undefined {
  const entries = readMap(reading, node, path, KEYS);
  if (entries === undefined) {
    return undefined;
  }
  const name = readName(reading, node, entries.name, path, names);
  const expression = readExpression(reading, node, entries, path);
  const command = readCommand(reading, node, entries.command, path);
  const size = readSize(reading, node, entries, path);
  const enabled = readEnabled(reading, entries.enabled, path);
  return name === undefined || expression === undefined || command === undefined
    ? undefined
    : { name, expression, command, size, enabled };
}

function readName(reading: Reading, map: YamlNode, node: YamlNode, path: string, names: string[]): string | undefined {
  const name = readText(reading, map, node, `${path}.name`, "nightly-report");
  if (name === undefined) {
    return undefined;
  }
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    return reading.mistake(
      node,
      `${path}.name is ${shown(name)}, expected a-z, 0-9 and single hyphens, starting with a letter`,
    );
  }
  if (names.includes(name)) {
    return reading.mistake(node, `${path}.name ${name} is already used by schedules[${names.indexOf(name)}]`);
  }
  names.push(name);
  return name;
}

function readExpression(reading: Reading, map: YamlNode, entries: Entries, path: string): string | undefined {
  const { cron, rate } = entries;
  if ((cron === undefined) === (rate === undefined)) {
    const found = cron === undefined ? "neither cron nor rate" : "both cron and rate";
    return reading.mistake(cron ?? map, `${path} has ${found}, expected one of them`);
  }
  const [key, node, mistakesOf, spell, example] =
    cron !== undefined
      ? (["cron", cron, cronMistakes, cronExpression, "0 3 * * ? *"] as const)
      : (["rate", rate, rateMistakes, rateExpression, "5 minutes"] as const);
  const text = readText(reading, map, node, `${path}.${key}`, example);
  if (text === undefined) {
    return undefined;
  }
  const mistakes = mistakesOf(text);
  for (const mistake of mistakes) {
    reading.mistake(node, `${path}.${key} ${shown(text)}: ${mistake}`);
  }
  return mistakes.length > 0 ? undefined : spell(text);
}

function readCommand(reading: Reading, map: YamlNode, node: YamlNode, path: string): string[] | undefined {
  const expected = "a list of strings, such as [node, report.js]";
  if (node === undefined) {
    return reading.mistake(map, `${path}.command is missing; expected ${expected}`);
  }
  const list = reading.resolve(node);
  if (!isSeq<ParsedNode>(list) || list.items.length === 0) {
    return reading.mistake(node, `${path}.command is ${shown(list)}, expected ${expected}`);
  }
  const command = list.items.map((item, index) =>
    readText(reading, list, item, `${path}.command[${index}]`, "node", index > 0),
  );
  return command.some((word) => word === undefined) ? undefined : (command as string[]);
}

function readSize(reading: Reading, map: YamlNode, entries: Entries, path: string): Schedule["size"] {
  const { cpu: cpuNode, memory: memoryNode } = entries;
  if (cpuNode === undefined && memoryNode === undefined) {
    return undefined;
  }
  if (cpuNode === undefined || memoryNode === undefined) {
    const [has, misses] = cpuNode === undefined ? ["memory", "cpu"] : ["cpu", "memory"];
    return reading.mistake(map, `${path} has ${has} without ${misses}: set both or neither`);
  }
  const cpu = numberOf(reading, cpuNode);
  const memory = numberOf(reading, memoryNode);
  if (cpu === undefined || !FARGATE_CPU.includes(cpu)) {
    const allowed = FARGATE_CPU.join(", ");
    return reading.mistake(cpuNode, `${path}.cpu is ${shown(reading.resolve(cpuNode))}; allowed: ${allowed}`);
  }
  if (memory === undefined || !fargateMemory(cpu).includes(memory)) {
    const found = `${path}.memory is ${shown(reading.resolve(memoryNode))}, which Fargate does not offer with cpu ${cpu}`;
    return reading.mistake(memoryNode, `${found}; allowed: ${fargateMemory(cpu).join(", ")}`);
  }
  return { cpu, memory };
}

function numberOf(reading: Reading, node: YamlNode): number | undefined {
  const value = reading.resolve(node);
  return isScalar(value) && typeof value.value === "number" ? value.value : undefined;
}

function readEnabled(reading: Reading, node: YamlNode, path: string): boolean {
  if (node === undefined) {
    return true;
  }
  const value = reading.resolve(node);
  if (!isScalar(value) || typeof value.value !== "boolean") {
    reading.mistake(node, `${path}.enabled is ${shown(value)}, expected true or false`);
    return true;
  }
  return value.value;
}

function readText(
  reading: Reading,
  map: YamlNode,
  node: YamlNode,
  path: string,
  example: string,
  mayBeEmpty = false,
): string | undefined {
  if (node === undefined) {
    return reading.mistake(map, `${path} is missing; expected text, such as ${example}`);
  }
  const value = reading.resolve(node);
  if (isScalar(value) && typeof value.value === "string" && (mayBeEmpty || value.value.trim() !== "")) {
    return value.value;
  }
  const hint = isScalar(value) && value.value !== null && value.value !== "" ? ": put it in quotes" : "";
  return reading.mistake(node, `${path} is ${shown(value)}, expected text, such as ${example}${hint}`);
}

type Entries = Record<string, ParsedNode | undefined>;

function readMap(reading: Reading, node: YamlNode, path: string, keys: string[]): Entries | undefined {
  const map = reading.resolve(node);
  if (!isMap<ParsedNode, ParsedNode | null>(map)) {
    return reading.mistake(node, `${path} is ${shown(map)}, expected ${keys.join(", ")}`);
  }
  const entries: Entries = {};
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : "";
    if (keys.includes(name)) {
      entries[name] = value ?? key;
    } else {
      reading.mistake(key, `${path} has ${name === "" ? "a key that is not text" : name}; allowed: ${keys.join(", ")}`);
    }
  }
  return entries;
}

/** A value for use in a message. */
function shown(value: unknown): string {
  if (isMap(value)) {
    return "a map";
  }
  if (isSeq(value)) {
    return value.items.length === 0 ? "an empty list" : "a list";
  }
  const plain = isScalar(value) ? value.value : value;
  return plain === null || plain === undefined ? "empty" : JSON.stringify(plain);
}
