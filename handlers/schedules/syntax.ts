import { type Alias, type Document, LineCounter, type ParsedNode, parseAllDocuments, parseDocument, visit } from "yaml";

/** An error and its line. */
export interface Mistake {
  line: number;
  reason: string;
}

export interface ParsedFile {
  /** The first document of the file. */
  document: Document<ParsedNode, true>;
  /** Syntax errors, at most one for each line: later ones there are usually its consequence. */
  mistakes: Mistake[];
  lineAt(offset: number): number;
}

/** Characters with a special meaning in YAML at the start of an unquoted value. */
const INDICATORS = "*&!%@`?|>";

/** Parses a file of one document. Empty documents after it are ignored, for example if the file ends with `---`. */
export function parseFile(text: string): ParsedFile {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments<ParsedNode, true>(text, { lineCounter, prettyErrors: false });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const [document = parseDocument(text), ...others] = documents;
  const found = [
    ...danglingAliases(document).map((at) => ({ at, reason: unquoted("*") })),
    ...[...documents].flatMap(({ errors, warnings }) =>
      [...errors, ...warnings].map(({ pos: [at], message }) => ({ at, reason: adviceAt(text, at) ?? message })),
    ),
    ...others
      .filter(({ contents }) => contents !== null && contents.range[0] !== contents.range[1])
      .map(({ range: [at] }) => ({ at, reason: "another document begins after ---: remove it, or the line ---" })),
  ].sort((one, other) => one.at - other.at);
  const inLines = found.map(({ at, reason }) => ({ line: lineAt(at), reason }));
  const mistakes = inLines.filter(({ line }, index) => inLines.findIndex((it) => it.line === line) === index);
  return { document, mistakes, lineAt };
}

/** Positions of aliases without an anchor: usually text that needs quotes, such as a cron expression. */
function danglingAliases(document: Document<ParsedNode, true>): number[] {
  const offsets: number[] = [];
  visit(document, {
    Alias(_, node: Alias) {
      if (node.resolve(document) === undefined) {
        offsets.push(node.range?.[0] ?? 0);
      }
    },
  });
  return offsets;
}

/** Advice about the value at an offset, if its first character caused the error there. */
function adviceAt(text: string, offset: number): string | undefined {
  const start = text.charAt(offset);
  return start !== "" && INDICATORS.includes(start) ? unquoted(start) : undefined;
}

function unquoted(start: string): string {
  return `a value starts with ${start}, which means something else in YAML: quote it, "${start}…"`;
}
