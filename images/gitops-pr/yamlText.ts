import { type Document, parseAllDocuments, parseDocument, visit } from "yaml";

/** Characters with a special meaning at the start of an unquoted value. */
const INDICATORS = "*&!%@`?|>";

/**
 * Parses a file with one document. Empty documents after it are ignored, for example after a trailing `---`.
 * @throws Error that says what is wrong, with line and column
 */
export function parseText(text: string): Document {
  const documents = parseAllDocuments(text);
  const [document = parseDocument(text), ...others] = documents;
  const mistakes = [...danglingAliases(document), ...[...documents].flatMap((it) => mistakesOf(text, it))];
  const [first] = mistakes.sort((one, other) => one.at - other.at);
  if (first !== undefined) {
    throw new Error(`it is not valid YAML: ${first.reason}`);
  }
  if (others.some(({ contents }) => contents !== null && contents.range[0] !== contents.range[1])) {
    throw new Error("it has another document after ---, which kustomize does not read: remove it");
  }
  return document;
}

interface Mistake {
  /** Characters before it. */
  at: number;
  reason: string;
}

function mistakesOf(text: string, { errors }: Document): Mistake[] {
  return errors.map(({ pos: [at], linePos, message }) => {
    const start = text.charAt(at);
    const [{ line, col }] = linePos ?? [{ line: 1, col: 1 }];
    const reason =
      start !== "" && INDICATORS.includes(start)
        ? unquoted(start, `line ${line}, column ${col}`)
        : `${message.split("\n")[0]?.replace(/:$/, "")}`;
    return { at, reason };
  });
}

/** Aliases without an anchor: usually text that should be quoted. */
function danglingAliases(document: Document): Mistake[] {
  const mistakes: Mistake[] = [];
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) === undefined) {
        mistakes.push({ at: node.range?.[0] ?? 0, reason: unquoted("*", `*${node.source}`) });
      }
    },
  });
  return mistakes;
}

function unquoted(start: string, where: string): string {
  return `a value starts with ${start}, which means something else in YAML: quote it, "${start}…" (at ${where})`;
}
