import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

/** A piece of a text, and what stands there instead. */
export interface Edit {
  start: number;
  end: number;
  text: string;
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

/** Gives a pair another value, and another key if they differ. The style of the value stays, unless it is a block's. */
export function setPair(text: string, map: YAMLMap, key: string, newKey: string, value: string): Edit {
  const field = fieldOf(map, key);
  const [start, keyEnd] = [startOf(field.key), endOf(field.key)];
  const [from, end] = [valueStart(field), fieldEnd(text, field)];
  const newField = text.slice(start, keyEnd).replace(key, newKey) + (text.slice(keyEnd, from) || ":");
  if (from === end) {
    // Of `newTag: # to come` the value is empty, and the comment is right behind it.
    const [before, after] = [/\s$/.test(newField) ? "" : " ", text[end] === "#" ? " " : ""];
    return { start, end, text: `${newField}${before}${scalar(value)}${after}` };
  }
  const [, comment = ""] = (isBlock(field.value) && /^\S+([ \t]+#[^\r\n]*)/.exec(text.slice(from, end))) || [];
  return { start, end, text: `${newField}${scalar(value, field.value)}${comment}` };
}

/** Adds a pair behind the last one. */
export function addPair(text: string, map: YAMLMap, key: string, value: string): Edit {
  const last = lastOf(fieldsOf(map));
  const [at, start] = last === undefined ? [0, 0] : [fieldEnd(text, last), startOf(last.key)];
  return map.flow
    ? insert(at, `, ${scalar(key, last?.key)}: ${scalar(value, last?.value)}`)
    : insertLines(text, at, [`${indentation(text, start)}${key}: ${scalar(value)}`]);
}

/** Takes a pair out; another one must be there. A comment in its own lines goes with it. */
export function removePair(text: string, map: YAMLMap, key: string): Edit {
  const field = fieldOf(map, key);
  const fields = fieldsOf(map);
  const index = fields.indexOf(field);
  const [previous, next] = [fields[index - 1], fields[index + 1]];
  const [start, end] = [startOf(field.key), fieldEnd(text, field)];
  if (map.flow) {
    return previous === undefined
      ? removeWithin(text, start, next === undefined ? end : startOf(next.key))
      : removeWithin(text, fieldEnd(text, previous), end);
  }
  if (previous !== undefined || next === undefined) {
    return remove(lineStart(text, start), nextLine(text, end));
  }
  // The first pair shares its line with the dash of the list, which stays: alone, if comments or empty lines follow.
  return /^\s*\n[ ]*$/.test(text.slice(lineEnd(text, end), startOf(next.key)))
    ? remove(start, startOf(next.key))
    : remove(text.slice(0, start).trimEnd().length, lineEnd(text, end));
}

/** Adds a mapping at the end of a list. */
export function addItem(text: string, list: YAMLSeq, item: Record<string, string>): Edit {
  const last = lastOf(list.items) as Node | undefined;
  if (!list.flow) {
    return insertLines(text, contentEnd(text, last), blockItem(indentation(text, startOf(list)), item));
  }
  return last === undefined ? addFirstItem(text, list, item) : insert(endOf(last), `, ${flowItem(text, item)}`);
}

/** In the place of `[]`. */
function addFirstItem(text: string, list: YAMLSeq, item: Record<string, string>): Edit {
  const [start, end] = [startOf(list), endOf(list)];
  if (text.slice(start, end).includes("#")) {
    return insert(start + 1, `${flowItem(text, item)}${/\s/.test(text.charAt(start + 1)) ? "" : " "}`);
  }
  const before = text.slice(lineStart(text, start), start);
  const standsAlone = /^\S+: $/.test(before) && /^[ \t]*(\r?\n|$)/.test(text.slice(end));
  const eol = eolOf(text);
  return standsAlone
    ? { start: start - 1, end, text: `${eol}${blockItem("", item).join(eol)}` }
    : { start, end, text: `[${flowItem(text, item)}]` };
}

/** Takes an item out of a list; another one must be there before it. A comment in its own lines goes with it. */
export function removeItem(text: string, list: YAMLSeq, item: Node): Edit {
  if (list.flow) {
    const previous = list.items[list.items.indexOf(item) - 1] as Node;
    return removeWithin(text, endOf(previous), endOf(item));
  }
  // The dash may stand on a line of its own.
  const dash = text.slice(0, startOf(item)).trimEnd().length;
  return remove(lineStart(text, dash), nextLine(text, contentEnd(text, item)));
}

/** Adds a field with a list of one item to the document's mapping, or to its field that is there and has no value. */
export function addSection(text: string, { contents }: Document, key: string, item: Record<string, string>): Edit {
  if (!isMap(contents)) {
    return insertLines(text, documentEnd(text, contents), [`${key}:`, ...blockItem("", item)]);
  }
  if (contents.flow) {
    throw new Error(`it has no ${key} and is written within braces: add "${key}": []`);
  }
  const lines = blockItem(listIndentation(text, contents), item);
  if (!contents.has(key)) {
    return insertLines(text, documentEnd(text, contents), [`${fieldIndentation(text, contents)}${key}:`, ...lines]);
  }
  const field = fieldOf(contents, key);
  const [from, end] = [valueStart(field), fieldEnd(text, field)];
  // `~` and `null` would be in the way of the list.
  return from === end ? insertLines(text, endOf(field.key), lines) : remove(text.slice(0, from).trimEnd().length, end);
}

/** Where the document ends: before a line `...` or `---`, or with the text. */
function documentEnd(text: string, contents: Document["contents"]): number {
  // What starts the document stands before its contents.
  const from = contents?.range?.[0] ?? 0;
  const marker = text.slice(from).search(/^(\.{3}|-{3})(?=\s|$)/m);
  return marker === -1 ? text.length : from + marker - 1;
}

/** How far the fields of a mapping are indented: a document's need not be. */
function fieldIndentation(text: string, map: YAMLMap): string {
  const last = lastOf(fieldsOf(map));
  return last === undefined ? "" : indentation(text, startOf(last.key));
}

/** How far the first list of a mapping is indented: as the fields, if there is none. */
function listIndentation(text: string, map: YAMLMap): string {
  const list = fieldsOf(map).find(({ value }) => isSeq(value) && !value.flow)?.value;
  return list === undefined || list === null ? fieldIndentation(text, map) : indentation(text, startOf(list));
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
 * Whether a value needs no quotes. kustomize's parser has scalars of YAML 1.1 beside those of 1.2 (`on`, 1_000, 2026-01-31
 * and 12e3 are no strings to one or the other), and reads numbers without their underscores, in capitals too (1e1_0, 0X1F):
 * https://github.com/go-yaml/yaml/blob/v3/resolve.go
 */
export function isPlain(value: string): boolean {
  return (
    /^[\w./:@-]+$/.test(value) &&
    [value, value.replaceAll("_", "").toLowerCase()].every((spelling) =>
      ["1.1" as const, "1.2" as const].every((version) => {
        const document = parseDocument(spelling, { version });
        return document.errors.length === 0 && document.toJS() === spelling;
      }),
    )
  );
}

const startOf = (node: Node): number => node.range?.[0] ?? 0;
const endOf = (node: Node): number => node.range?.[1] ?? 0;

const isBlock = (node: Node | null): boolean =>
  isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");

const valueStart = ({ key, value }: Field): number => (value === null ? endOf(key) : startOf(value));

/** Where a pair ends: before the newline that a block scalar's range has in it. */
function fieldEnd(text: string, { key, value }: Field): number {
  const end = endOf(value ?? key);
  return isBlock(value) && text[end - 1] === "\n" ? end - (text[end - 2] === "\r" ? 2 : 1) : end;
}

/** Where an item of a list ends: its range alone may reach over comments to the next one. */
function contentEnd(text: string, item: Node | undefined): number {
  const last = isMap(item) && !item.flow ? lastOf(fieldsOf(item)) : undefined;
  return last === undefined ? (item?.range?.[1] ?? 0) : fieldEnd(text, last);
}

const lastOf = <T>(items: T[]): T | undefined => items[items.length - 1];

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;

/** Where a line ends, before its newline. */
function lineEnd(text: string, at: number): number {
  return at + text.slice(at).search(/\r?\n|$/);
}

/** Where the next line begins. */
function nextLine(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  return newline === -1 ? text.length : newline + 1;
}

/** So many spaces as there are characters before it in its line, of which a byte order mark is none. */
const indentation = (text: string, at: number): string =>
  " ".repeat(text.slice(lineStart(text, at), at).replace(/^\uFEFF/, "").length);

const eolOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

const remove = (start: number, end: number): Edit => ({ start, end, text: "" });

/** @throws Error if a comment would go: between braces it is not clear what it is about */
function removeWithin(text: string, start: number, end: number): Edit {
  if (text.slice(start, end).includes("#")) {
    throw new Error("a comment stands in the way within the braces or brackets of its images: move it to before them");
  }
  return remove(start, end);
}

const insert = (at: number, text: string): Edit => ({ start: at, end: at, text });

/** Inserts whole lines behind the line of a place. */
function insertLines(text: string, at: number, lines: string[]): Edit {
  const start = nextLine(text, at);
  const eol = eolOf(text);
  const isOpen = start > 0 && text[start - 1] !== "\n";
  return insert(start, `${isOpen ? eol : ""}${lines.map((line) => `${line}${eol}`).join("")}`);
}
