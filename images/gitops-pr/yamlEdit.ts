import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

/** A piece of a text, and what stands there instead. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** @throws Error in the parser's words, with line and column */
export function parseText(text: string): Document {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) {
    throw new Error(`it is no YAML: ${error.message.split("\n")[0]?.replace(/:$/, "")}`);
  }
  return document;
}

/** A pair of a mapping. `{newTag}` has no value at all. */
export interface Field {
  key: Node;
  value: Node | null;
}

const fieldsOf = (map: YAMLMap): Field[] => map.items as unknown as Field[];

/** The pair of a mapping that has the key. */
export function fieldOf(map: YAMLMap, key: string): Field {
  const field = fieldsOf(map).find((it) => isScalar(it.key) && it.key.value === key);
  if (field === undefined) {
    throw new Error(`there is no field ${key}`);
  }
  return field;
}

/** Gives a pair another value, and another key if they differ. The style of the value stays. */
export function setPair(text: string, map: YAMLMap, key: string, newKey: string, value: string): Edit {
  const field = fieldOf(map, key);
  const [start, end] = [startOf(field.key), endOf(field.key)];
  const between = text.slice(end, field.value === null ? end : startOf(field.value));
  // Of `newTag:` alone the value is empty, right behind the colon.
  const space = /\s$/.test(between) ? "" : " ";
  return {
    start,
    end: fieldEnd(field),
    text: `${text.slice(start, end).replace(key, newKey)}${between}${space}${scalar(value, field.value)}`,
  };
}

/** Adds a pair behind the last one. */
export function addPair(text: string, map: YAMLMap, key: string, value: string): Edit {
  const last = lastOf(fieldsOf(map));
  const [at, start] = last === undefined ? [0, 0] : [fieldEnd(last), startOf(last.key)];
  return map.flow
    ? insert(at, `, ${scalar(key, last?.key)}: ${scalar(value, last?.value)}`)
    : insertLines(text, at, [`${indentation(text, start)}${key}: ${scalar(value)}`]);
}

/** Takes a pair out; another one must be there. */
export function removePair(text: string, map: YAMLMap, key: string): Edit {
  const field = fieldOf(map, key);
  const fields = fieldsOf(map);
  const index = fields.indexOf(field);
  const [previous, next] = [fields[index - 1], fields[index + 1]];
  const [start, end] = [startOf(field.key), fieldEnd(field)];
  if (map.flow) {
    return previous === undefined
      ? remove(start, next === undefined ? end : startOf(next.key))
      : remove(fieldEnd(previous), end);
  }
  // The first pair shares its line with the dash of the list, which stays.
  return previous === undefined
    ? remove(start, nextLine(text, end) + indentation(text, start).length)
    : remove(lineStart(text, start), nextLine(text, end));
}

/** Adds a mapping at the end of a list. */
export function addItem(text: string, list: YAMLSeq, item: Record<string, string>): Edit {
  const last = lastOf(list.items) as Node | undefined;
  if (!list.flow) {
    return insertLines(text, contentEnd(last), blockItem(indentation(text, startOf(list)), item));
  }
  if (last !== undefined) {
    return insert(endOf(last), `, ${flowItem(text, item)}`);
  }
  const [start, end] = [startOf(list), endOf(list)];
  const standsAlone = text.slice(start - 1, start) === " " && /^[ \t]*(\r?\n|$)/.test(text.slice(end));
  if (!standsAlone) {
    return { start, end, text: `[${flowItem(text, item)}]` };
  }
  const eol = eolOf(text);
  return { start: start - 1, end, text: `${eol}${blockItem("", item).join(eol)}` };
}

/** Takes an item out of a list; another one must be there before it. */
export function removeItem(text: string, list: YAMLSeq, item: Node): Edit {
  if (list.flow) {
    const previous = list.items[list.items.indexOf(item) - 1] as Node;
    return remove(endOf(previous), endOf(item));
  }
  return remove(lineStart(text, startOf(item)), nextLine(text, contentEnd(item)));
}

/** Adds a field with a list of one item to the document's mapping, or to its field that is there and has no value. */
export function addSection(text: string, { contents }: Document, key: string, item: Record<string, string>): Edit {
  const lines = blockItem(isMap(contents) ? listIndentation(text, contents) : "", item);
  if (isMap(contents) && contents.flow) {
    throw new Error(`it has no ${key} and is written within braces: add "${key}": []`);
  }
  return isMap(contents) && contents.has(key)
    ? insertLines(text, endOf(fieldOf(contents, key).key), lines)
    : insertLines(text, text.length, [`${key}:`, ...lines]);
}

/** How far the first list of a mapping is indented: none has to be. */
function listIndentation(text: string, map: YAMLMap): string {
  const list = fieldsOf(map).find(({ value }) => isSeq(value) && !value.flow)?.value;
  return list === undefined || list === null ? "" : indentation(text, startOf(list));
}

function blockItem(indent: string, item: Record<string, string>): string[] {
  return Object.entries(item).map(
    ([key, value], index) => `${indent}${index === 0 ? "- " : "  "}${key}: ${scalar(value)}`,
  );
}

/** Keys in quotes where the whole file is JSON, which YAML is too. */
function flowItem(text: string, item: Record<string, string>): string {
  if (text.trimStart().startsWith("{")) {
    return JSON.stringify(item);
  }
  const pairs = Object.entries(item).map(([key, value]) => `${key}: ${scalar(value)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** @param like whose style it takes */
function scalar(value: string, like?: Node | null): string {
  const style = isScalar(like) ? like.type : "PLAIN";
  if (style === "QUOTE_SINGLE") {
    return `'${value.replaceAll("'", "''")}'`;
  }
  return style === "QUOTE_DOUBLE" || !isPlain(value) ? JSON.stringify(value) : value;
}

/**
 * Whether a value needs no quotes. kustomize's parser has scalars of YAML 1.1 beside those of 1.2: `on`, 1_000,
 * 2026-01-31 and 12e3 are no strings to one or the other.
 */
function isPlain(value: string): boolean {
  return (
    /^[\w./:@-]+$/.test(value) &&
    ["1.1" as const, "1.2" as const].every((version) => {
      const document = parseDocument(value, { version });
      return document.errors.length === 0 && document.toJS() === value;
    })
  );
}

const startOf = (node: Node): number => node.range?.[0] ?? 0;
const endOf = (node: Node): number => node.range?.[1] ?? 0;
const fieldEnd = ({ key, value }: Field): number => endOf(value ?? key);

/** Where an item of a list ends: its range alone may reach over comments to the next one. */
function contentEnd(item: Node | undefined): number {
  const last = isMap(item) && !item.flow ? lastOf(fieldsOf(item)) : undefined;
  return last === undefined ? (item?.range?.[1] ?? 0) : fieldEnd(last);
}

const lastOf = <T>(items: T[]): T | undefined => items[items.length - 1];

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;

/** Where the next line begins. */
function nextLine(text: string, at: number): number {
  // A block scalar's range ends with its last line.
  if (at > 0 && text[at - 1] === "\n") {
    return at;
  }
  const newline = text.indexOf("\n", at);
  return newline === -1 ? text.length : newline + 1;
}

/** So many spaces as there are characters before it in its line. */
const indentation = (text: string, at: number): string => " ".repeat(at - lineStart(text, at));

const eolOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

const remove = (start: number, end: number): Edit => ({ start, end, text: "" });

const insert = (at: number, text: string): Edit => ({ start: at, end: at, text });

/** Inserts whole lines behind the line of a place. */
function insertLines(text: string, at: number, lines: string[]): Edit {
  const start = nextLine(text, at);
  const eol = eolOf(text);
  const isOpen = start > 0 && text[start - 1] !== "\n";
  return insert(start, `${isOpen ? eol : ""}${lines.map((line) => `${line}${eol}`).join("")}`);
}
