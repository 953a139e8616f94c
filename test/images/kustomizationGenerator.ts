/** A kustomization as a person may have written it. */
export interface Kustomization {
  text: string;
  /** What stands before and behind the entry of image app, or its place if there is none. */
  before: string;
  after: string;
  /** The comments behind the fields of that entry: each may go with its field. */
  behind: [field: string, comment: string][];
  /** All other comments, but those of a second entry of app. */
  comments: string[];
  /** Why it may be refused. */
  excuses: RegExp[];
  /** Why it has to be. */
  mistake?: RegExp;
}

const UNUSUAL = /^its entry for image app cannot be set without changing something else: write it once, each field/;
const WITHIN = /^a comment inside the braces or brackets of its images prevents the change/;
const UNKNOWN = /^its entry for image app has the field foo, which kustomize does not know/;

const DIGEST = `sha256:${"0a".repeat(32)}`;
const TAGS = ["v1", "'v1'", '"1"', "1.0", "on", "", "~", "|-\n$    v1", ">-\n$    v1\n"];

type Random = <T>(items: readonly T[]) => T;

/** The same choices for the same seed: mulberry32. */
export function seeded(seed: number): Random {
  let state = seed;
  return <T>(items: readonly T[]) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return items[((bits ^ (bits >>> 14)) >>> 0) % items.length] as T;
  };
}

/** Lines of a kustomization in the making. */
class Sheet {
  readonly random: Random;
  readonly comments: string[] = [];
  readonly behind: [field: string, comment: string][] = [];
  readonly excuses: RegExp[] = [];
  mistake: RegExp | undefined;
  /** How far fields and lists are indented. */
  readonly root: string;
  readonly list: string;
  private count = 0;

  constructor(random: Random) {
    this.random = random;
    this.root = random(["", "", "", "  "]);
    this.list = this.root + random(["", "  ", "    "]);
  }

  oneIn(cases: number): boolean {
    return this.random([...Array(cases).keys()]) === 0;
  }

  comment(): string {
    this.count++;
    const comment = `# <${this.count}>`;
    this.comments.push(comment);
    return comment;
  }

  /** A comment behind something, or none. */
  remark(): string {
    return this.oneIn(3) ? this.random([" ", "   "]) + this.comment() : "";
  }

  /** A comment on a line of its own, an empty line, or neither. */
  gap(): string[] {
    return this.random([
      () => [`${this.random(["", this.list, `${this.list}  `])}${this.comment()}`],
      () => [""],
      () => [],
      () => [],
    ])();
  }
}

/** Makes one at random: block and flow style, comments anywhere, both kinds of newlines, doubles, mistakes. */
export function generate(random: Random): Kustomization {
  const sheet = new Sheet(random);
  const { root, list } = sheet;
  const head = [
    ...sheet.gap(),
    ...random([[], ["---"]]),
    `${root}resources:${sheet.remark()}`,
    `${list}- ../../base${sheet.remark()}`,
    ...sheet.gap(),
  ];
  const { before, entry, after } = random([blockList, blockList, blockList, bracketList, emptyList, absentList])(sheet);
  const tail = [
    ...sheet.gap(),
    ...random([[], [`${root}namespace: z${sheet.remark()}`]]),
    ...random([[], [`${root}patches:`, `${list}- patch: |`, `${list}    # foo`]]),
  ];
  if (sheet.excuses.includes(UNUSUAL)) {
    tail.push(`${root}nameSuffix: *shared`);
  }
  const end = random([[], [], ["...", sheet.comment()]]);
  const isAbsent = before.length === 0;
  const parts = isAbsent ? [[...head, ...tail], [], end] : [[...head, ...before], entry, [...after, ...tail, ...end]];
  return layOut(sheet, parts);
}

function layOut({ random, comments, behind, excuses, mistake }: Sheet, parts: string[][]): Kustomization {
  const eol = random(["\n", "\n", "\r\n"]);
  const [before = "", entry = "", after = ""] = parts.map((lines) =>
    lines
      .map((line) => `${line}\n`)
      .join("")
      .replaceAll("\n", eol),
  );
  const text = before + entry + after;
  // A choice makes the comments of all that it chooses from.
  const used = comments.filter((comment) => text.includes(comment));
  const made = { comments: used, behind, excuses, ...(mistake && { mistake }) };
  if (random([true, true, false])) {
    return { ...made, text, before, after };
  }
  const open = (part: string): string => part.slice(0, -eol.length);
  return {
    ...made,
    text: open(text),
    before: entry === "" && after === "" ? open(before) : before,
    after: open(after),
  };
}

interface Images {
  before: string[];
  entry: string[];
  after: string[];
}

function blockList(sheet: Sheet): Images {
  const { root, list, random } = sheet;
  const before = [
    `${root}images:${sheet.remark()}`,
    ...sheet.gap(),
    `${list}- name: b${sheet.remark()}`,
    `${list}  newTag: v1${sheet.remark()}`,
  ];
  const last = [`${list}- name: c`, `${list}  digest: ${DIGEST}${sheet.remark()}`];
  if (sheet.oneIn(5)) {
    return { before: [...before, ...sheet.gap(), ...last], entry: [], after: sheet.gap() };
  }
  before.push(...sheet.gap());
  const entry = random([blockEntry, blockEntry, blockEntry, bracedEntry])(sheet);
  const after = [...sheet.gap(), ...last];
  return sheet.oneIn(6) ? { before, entry: [...entry, ...secondEntry(sheet)], after } : { before, entry, after };
}

/** Some fields in some order, one of which is the name. */
function fieldsOf(sheet: Sheet): [field: string, value: string][] {
  const { random } = sheet;
  const isShared = sheet.oneIn(12);
  const tag = isShared ? "&shared v1" : random(TAGS);
  const fields: [string, string][] = [["name", random(["app", "'app'", '"app"'])]];
  fields.push(...random<[string, string][]>([[], [["newName", random(["x", "'x'", '"x"'])]]]));
  fields.push(...random<[string, string][]>([[], [["newTag", tag]], [["newTag", tag]]]));
  fields.push(
    ...random<[string, string][]>([[], [["digest", DIGEST]]]),
    ...random<[string, string][]>([[], [], [["tagSuffix", "-x"]]]),
  );
  if (sheet.oneIn(20)) {
    fields.push(["foo", "x"]);
    sheet.mistake = UNKNOWN;
  }
  if (isShared && fields.some(([field]) => field === "newTag")) {
    sheet.excuses.push(UNUSUAL);
  }
  return fields
    .map((field) => ({ field, at: random([0, 1, 2, 3, 4, 5, 6, 7]) }))
    .sort((one, other) => one.at - other.at)
    .map(({ field }) => field);
}

function blockEntry(sheet: Sheet): string[] {
  const { list, random } = sheet;
  const lines: string[] = [];
  fieldsOf(sheet).forEach(([field, value], index) => {
    if (index > 0) {
      lines.push(...sheet.gap());
    } else if (sheet.oneIn(6)) {
      lines.push(`${list}-`, ...sheet.gap());
    }
    const start = lines.length === 0 ? "- " : "  ";
    const [header = "", ...block] = value.replaceAll("$", list).split("\n");
    const remark = sheet.oneIn(2) ? ` ${sheet.comment()}` : "";
    if (remark !== "") {
      sheet.behind.push([field, sheet.comments.pop() ?? ""]);
    }
    lines.push(`${list}${start}${random([field, field, `"${field}"`])}:${header && ` ${header}`}${remark}`, ...block);
  });
  return lines;
}

function bracedEntry(sheet: Sheet): string[] {
  return [`${sheet.list}- ${braced(sheet, `,\n${sheet.list}   `)}${sheet.remark()}`];
}

/** @param broken what stands between fields on lines of their own */
function braced(sheet: Sheet, broken: string): string {
  const fields = fieldsOf(sheet).map(([field, value]) => `${field}: ${/[|>]/.test(value) ? "v1" : value}`);
  if (!sheet.oneIn(3)) {
    return sheet.random([`{${fields.join(", ")}}`, `{ ${fields.join(" , ")} }`]);
  }
  sheet.excuses.push(WITHIN);
  return `{${fields.map((field, index) => `${field}${index + 1 < fields.length ? broken.replace("\n", `${sheet.remark()}\n`) : ""}`).join("")}}`;
}

/** kustomize drops it, and its comments with it. */
function secondEntry({ list, random }: Sheet): string[] {
  return random([
    [`${list}- name: app # dropped`, `${list}  newTag: v8 # dropped`],
    [`${list}-`, `${list}  newTag: v8`, `${list}  # dropped`, `${list}  name: app`],
    [`${list}- {name: app, newTag: v8} # dropped`],
  ]);
}

function bracketList(sheet: Sheet): Images {
  const { root } = sheet;
  const items = ["{name: b}", ...(sheet.oneIn(3) ? [] : [braced(sheet, ", ")])];
  const separator = sheet.oneIn(3) ? `,${sheet.remark()}\n${root}  ` : ", ";
  return { before: [""], entry: [`${root}images: [${items.join(separator)}]${sheet.remark()}`], after: [] };
}

function emptyList(sheet: Sheet): Images {
  const { root, random } = sheet;
  const value = random(["", " ~", " null", " []", "  []", ` [ ${sheet.comment()}\n${root}]`, ` [\n${root} ]`]);
  return { before: [""], entry: [`${root}images:${value}${sheet.remark()}`], after: [] };
}

const absentList = (): Images => ({ before: [], entry: [], after: [] });
