import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

/** A range of a text, and its replacement. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** A key-value pair of a mapping. `{newTag}` has no value node. */
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

/** Sets a pair's value, and its key if `newKey` differs. Keeps the value's style, except for block scalars. */
export function setPair(text: string, map: YAMLMap, key: string, newKey: string, value: string): Edit {
  const field = fieldOf(map, key);
  const [start, keyEnd] = [startOf(field.key), endOf(field.key)];
  const [from, end] = [valueStart(field), fieldEnd(text, field)];
  const newField = text.slice(start, keyEnd).replace(key, newKey) + (text.slice(keyEnd, from) || ":");
  if (from === end) {
    // In `newTag: # to come`, the value is empty and the comment starts right at its position.
    const [before, after] = [/\s$/.test(newField) ? "" : " ", text[end] === "#" ? " " : ""];
    return { start, end, text: `${newField}${before}${scalar(value)}${after}` };
  }
  const [, comment = ""] = (isBlock(field.value) && /^\S+([ \t]+#[^\r\n]*)/.exec(text.slice(from, end))) || [];
  return { start, end, text: `${newField}${scalar(value, field.value)}${comment}` };
}

/** Adds a pair after the last one. */
export function addPair(text: string, map: YAMLMap, key: string, value: string): Edit {
  const last = lastOf(fieldsOf(map));
  const [at, start] = last === undefined ? [0, 0] : [fieldEnd(text, last), startOf(last.key)];
  return map.flow
    ? insert(at, `, ${scalar(key, last?.key)}: ${scalar(value, last?.value)}`)
    : insertLines(text, at, [`${indentation(text, start)}${key}: ${scalar(value)}`]);
}

/** Removes a pair; the mapping must have another one. Comments on the pair's own lines are removed too. */
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
  // The first pair is on the line of the list's dash. It stays there, by itself if comments or blank lines follow.
  return /^\s*\n[ ]*$/.test(text.slice(lineEnd(text, end), startOf(next.key)))
    ? remove(start, startOf(next.key))
    : remove(text.slice(0, start).trimEnd().length, lineEnd(text, end));
}

/** Appends a mapping to a list. */
export function addItem(text: string, list: YAMLSeq, item: Record<string, string>): Edit {
  const last = lastOf(list.items) as Node | undefined;
  if (!list.flow) {
    return insertLines(text, contentEnd(text, last), blockItem(indentation(text, startOf(list)), item));
  }
  return last === undefined ? addFirstItem(text, list, item) : insert(endOf(last), `, ${flowItem(text, item)}`);
}

/** Replaces `[]`. */
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

/** Removes an item from a list; it must not be the first. Comments on the item's own lines are removed too. */
export function removeItem(text: string, list: YAMLSeq, item: Node): Edit {
  if (list.flow) {
    const previous = list.items[list.items.indexOf(item) - 1] as Node;
    return removeWithin(text, endOf(previous), endOf(item));
  }
  // The dash may be on a separate line.
  const dash = text.slice(0, startOf(item)).trimEnd().length;
  return remove(lineStart(text, dash), nextLine(text, contentEnd(text, item)));
}

/** Adds a field with a list of one item to the document's mapping, or fills an existing field without a value. */
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
  // First remove `~` or `null`; the list is added in the next edit.
  return from === end ? insertLines(text, endOf(field.key), lines) : remove(text.slice(0, from).trimEnd().length, end);
}

/** End of the document: before a line `...` or `---`, or at the end of the text. */
function documentEnd(text: string, contents: Document["contents"]): number {
  // The marker that starts the document is before its contents.
  const from = contents?.range?.[0] ?? 0;
  const marker = text.slice(from).search(/^(\.{3}|-{3})(?=\s|$)/m);
  return marker === -1 ? text.length : from + marker - 1;
}

/** Indentation of a mapping's fields: a document's may be indented too. */
function fieldIndentation(text: string, map: YAMLMap): string {
  const last = lastOf(fieldsOf(map));
  return last === undefined ? "" : indentation(text, startOf(last.key));
}

/** Indentation of the first list in a mapping; that of the fields if there is none. */
function listIndentation(text: string, map: YAMLMap): string {
  const list = fieldsOf(map).find(({ value }) => isSeq(value) && !value.flow)?.value;
  return list === undefined || list === null ? fieldIndentation(text, map) : indentation(text, startOf(list));
}

function blockItem(indent: string, item: Record<string, string>): string[] {
  return Object.entries(item).map(
    ([key, value], index) => `${indent}${index === 0 ? "- " : "  "}${key}: ${scalar(value)}`,
  );
}

/** Quotes the keys if the whole file is JSON, which is also YAML. */
function flowItem(text: string, item: Record<string, string>): string {
  if (text.trimStart().startsWith("{")) {
    return JSON.stringify(item);
  }
  const pairs = Object.entries(item).map(([key, value]) => `${key}: ${scalar(value)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** @param like node whose style to use */
function scalar(value: string, like?: Node | null): string {
  const style = isScalar(like) ? like.type : "PLAIN";
  if (style === "QUOTE_SINGLE") {
    return `'${value.replaceAll("'", "''")}'`;
  }
  return style === "QUOTE_DOUBLE" || !isPlain(value) ? JSON.stringify(value) : value;
}

/**
 * Whether a value needs no quotes. kustomize's parser mixes scalars of YAML 1.1 and 1.2, so `on`, 1_000, 2026-01-31
 * and 12e3 might not be strings. It also ignores underscores and case in numbers (1e1_0, 0X1F):
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

/** End of a pair: before the final newline that the range of a block scalar includes. */
function fieldEnd(text: string, { key, value }: Field): number {
  const end = endOf(value ?? key);
  return isBlock(value) && text[end - 1] === "\n" ? end - (text[end - 2] === "\r" ? 2 : 1) : end;
}

/** End of a list item. Its own range may include comments up to the next item. */
function contentEnd(text: string, item: Node | undefined): number {
  const last = isMap(item) && !item.flow ? lastOf(fieldsOf(item)) : undefined;
  return last === undefined ? (item?.range?.[1] ?? 0) : fieldEnd(text, last);
}

const lastOf = <T>(items: T[]): T | undefined => items[items.length - 1];

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;

/** End of a line, before its newline. */
function lineEnd(text: string, at: number): number {
  return at + text.slice(at).search(/\r?\n|$/);
}

/** Start of the next line. */
function nextLine(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  return newline === -1 ? text.length : newline + 1;
}

/** As many spaces as there are characters before it in its line, not counting a byte order mark. */
const indentation = (text: string, at: number): string =>
  " ".repeat(text.slice(lineStart(text, at), at).replace(/^\uFEFF/, "").length);

const eolOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

const remove = (start: number, end: number): Edit => ({ start, end, text: "" });

/** @throws Error if this would remove a comment: within braces, it is unclear what a comment refers to */
function removeWithin(text: string, start: number, end: number): Edit {
  if (text.slice(start, end).includes("#")) {
    throw new Error(
      "a comment inside the braces or brackets of its images prevents the change: move it in front of them",
    );
  }
  return remove(start, end);
}

const insert = (at: number, text: string): Edit => ({ start: at, end: at, text });

/** Inserts whole lines after the line at a position. */
function insertLines(text: string, at: number, lines: string[]): Edit {
  const start = nextLine(text, at);
  const eol = eolOf(text);
  const isOpen = start > 0 && text[start - 1] !== "\n";
  return insert(start, `${isOpen ? eol : ""}${lines.map((line) => `${line}${eol}`).join("")}`);
}
