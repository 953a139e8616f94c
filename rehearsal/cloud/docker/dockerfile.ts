// Own parser: the maintained one on npm (dockerfile-ast 0.7.1) is made for editors. It drops the spaces inside JSON
// strings (`["node", "-e", "a b"]`) and keeps comment lines within continued instructions, which a shell then reads.

export interface Instruction {
  /** The line in the file, from 1. */
  line: number;
  /** In capital letters, otherwise as given; the builder rejects unknown ones. */
  keyword: string;
  /** `--from=build` is `["from", "build"]`; a flag without a value gets an empty one. */
  flags: [name: string, value: string][];
  /** The text after the keyword and the flags, with continued lines joined. */
  text: string;
}

const HERE_DOCUMENT = /(^|\s)<<-?["']?[A-Za-z_]/;

/** @throws for a here-document, naming its line: not supported by the rehearsal */
export function parseDockerfile(content: string): Instruction[] {
  const lines = content.split(/\r?\n/);
  const continuation = escapeOf(lines);
  const instructions: Instruction[] = [];
  let begun: { line: number; text: string } | undefined;
  lines.forEach((line, index) => {
    // Comments and empty lines may occur between the lines of an instruction.
    if (/^\s*(#|$)/.test(line)) return;
    const continues = line.trimEnd().endsWith(continuation);
    const text = continues ? line.trimEnd().slice(0, -1) : line;
    begun = begun === undefined ? { line: index + 1, text } : { ...begun, text: begun.text + text };
    if (continues) return;
    instructions.push(parseInstruction(begun.line, begun.text.trim()));
    begun = undefined;
  });
  if (begun !== undefined)
    throw new Error(`line ${begun.line}: the instruction is continued on a line that is missing`);
  return instructions;
}

/** `# escape=` may be among the directives at the top, so that Windows paths need no doubled backslashes. */
function escapeOf(lines: string[]): string {
  for (const line of lines) {
    const directive = /^#\s*(\w+)\s*=\s*(\S+)\s*$/.exec(line);
    if (directive === null) break;
    if (directive[1]?.toLowerCase() === "escape") return directive[2] ?? "\\";
  }
  return "\\";
}

function parseInstruction(line: number, source: string): Instruction {
  const [, keyword = "", rest = ""] = /^(\S+)\s*([\s\S]*)$/.exec(source) ?? [];
  const flags: Instruction["flags"] = [];
  let text = rest;
  for (let flag = takeFlag(text); flag !== null; flag = takeFlag(text)) {
    flags.push([flag[1] ?? "", flag[2] ?? ""]);
    text = text.slice(flag[0].length);
  }
  if (["RUN", "COPY", "ADD"].includes(keyword.toUpperCase()) && HERE_DOCUMENT.test(text))
    throw new Error(`line ${line}: ${keyword}: here-documents (<<) are not simulated: put the text into a file`);
  return { line, keyword: keyword.toUpperCase(), flags, text };
}

const takeFlag = (text: string) => /^--([a-z-]+)(?:=(\S*))?(?:\s+|$)/.exec(text);

/** The exec form: a JSON list of strings. Anything else is the shell form, as in docker. */
export function execForm(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((it) => typeof it === "string") ? parsed : undefined;
  } catch {
    // Docker also treats a list that is not JSON as a shell command.
    return undefined;
  }
}
