import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isScalar, isSeq, type YAMLMap, type YAMLSeq } from "yaml";
import { type ImageEntry, KEEP, parseImage } from "./imageArgument.ts";
import {
  addItem,
  addPair,
  addSection,
  type Edit,
  fieldOf,
  isPlain,
  removeItem,
  removePair,
  setPair,
} from "./yamlEdit.ts";
import { parseText } from "./yamlText.ts";

const REPLACEMENTS = ["newName", "newTag", "digest"] as const;
/** All fields of an entry besides the name. Those that the argument does not set are removed. */
const FIELDS = [...REPLACEMENTS, "tagSuffix"] as const;

/** Safety limit: each edit brings one entry closer to the requested state. */
const EDITS = 100;

/**
 * Applies `kustomize edit set image` to a kustomization and keeps the rest byte for byte: comments, order, quotes. A
 * missing entry is appended (kustomize would sort the list). A comment is only removed with the field or entry that it
 * is in or behind.
 * @param text content of the file
 * @param argument in kustomize's syntax: `storefront=registry/storefront:v1`
 * @returns the same text if nothing changes
 * @throws Error that says what is wrong with the argument or the file
 */
export function setImage(text: string, argument: string): string {
  const before = read(text);
  const wanted = keeping(before.entries, parseImage(argument));
  let edited = text;
  let after = before;
  for (let edits = 0; edits < EDITS; edits++) {
    const edit = nextEdit(edited, after, wanted);
    if (edit === undefined) {
      break;
    }
    edited = `${edited.slice(0, edit.start)}${edit.text}${edited.slice(edit.end)}`;
    after = readEdited(edited, wanted);
  }
  verify(before, after, wanted);
  return edited;
}

interface Kustomization {
  document: Document;
  /** The node of `images`, if it is a list. */
  images: YAMLSeq | undefined;
  entries: Partial<Record<string, unknown>>[];
  /** All fields but `images`. */
  rest: Record<string, unknown>;
}

function read(text: string): Kustomization {
  const document = parseText(text);
  const { contents } = document;
  // A document of only `---` is parsed as an empty scalar.
  const isEmpty = contents === null || (isScalar(contents) && contents.source === "");
  if (!isEmpty && !isMap(contents)) {
    throw new Error("it is not a mapping: a kustomization has fields such as resources and images");
  }
  const { images: entries = null, ...rest } = (document.toJS() ?? {}) as Record<string, unknown>;
  if ("imageTags" in rest) {
    throw new Error("it has the field imageTags, which kustomize no longer supports: rename it to images");
  }
  const images = isMap(contents) ? contents.get("images", true) : undefined;
  if (entries !== null && (!Array.isArray(entries) || !isSeq(images))) {
    throw new Error("its field images is not a list: write a list of entries, each with a name");
  }
  const list = isSeq(images) ? images : undefined;
  if (list?.items.some((item) => !isMap(item) || item.has("<<") || typeof item.get("name") !== "string")) {
    throw new Error(
      "an entry in its images is an alias, is merged from an alias, or has no string as its name: write the entry out in full",
    );
  }
  return { document, images: list, entries: entries ?? [], rest };
}

/**
 * Replaces kustomize's asterisks with the file's current values.
 * @throws Error if kustomize could not read the entry in the file
 */
function keeping(entries: Kustomization["entries"], wanted: ImageEntry): ImageEntry {
  const present = entries.find(({ name }) => name === wanted.name);
  for (const [field, value] of Object.entries(present ?? {})) {
    if (field !== "name" && !FIELDS.some((it) => it === field)) {
      throw new Error(
        `its entry for image ${wanted.name} has the field ${field}, which kustomize does not know: remove it`,
      );
    }
    const isKept = wanted[field as keyof ImageEntry] === KEEP;
    if (value !== null && (typeof value === "object" || (isKept && typeof value !== "string"))) {
      throw new Error(`${field} of image ${wanted.name} is not a string: write it in quotes`);
    }
  }
  const values = REPLACEMENTS.map((field) => [field, wanted[field] === KEEP ? present?.[field] : wanted[field]]);
  return { name: wanted.name, ...Object.fromEntries(values.filter(([, value]) => value)) };
}

function nextEdit(text: string, { document, images }: Kustomization, wanted: ImageEntry): Edit | undefined {
  // kustomize writes fields in this order.
  const entry = Object.fromEntries(Object.entries(wanted).sort(([one], [other]) => (one < other ? -1 : 1)));
  if (images === undefined) {
    return addSection(text, document, "images", entry);
  }
  const [present, double] = images.items.filter(isMap).filter((item) => item.get("name") === wanted.name);
  if (present === undefined) {
    return addItem(text, images, entry);
  }
  // kustomize keeps one entry per name.
  return double === undefined ? nextFieldEdit(text, present, wanted) : removeItem(text, images, double);
}

function nextFieldEdit(text: string, item: YAMLMap, wanted: ImageEntry): Edit | undefined {
  const values: Record<string, string | undefined> = { ...wanted };
  const over = FIELDS.filter((field) => item.has(field) && values[field] === undefined);
  const missing = FIELDS.filter((field) => !item.has(field) && values[field] !== undefined);
  const changed = FIELDS.find((field) => item.has(field) && values[field] !== undefined && !says(item, field, values));
  if (changed !== undefined) {
    return setPair(text, item, changed, changed, values[changed] ?? "");
  }
  const [field] = missing;
  if (field !== undefined) {
    // Replacing the tag with a digest, or the reverse, in place makes the diff one line.
    const replaced = field === "newName" ? undefined : over.find((it) => it === "newTag" || it === "digest");
    return replaced === undefined
      ? addPair(text, item, field, values[field] ?? "")
      : setPair(text, item, replaced, field, values[field] ?? "");
  }
  return over[0] && removePair(text, item, over[0]);
}

/** Whether a field already has its value, as a string: unquoted 1.10 is a number, and to some parsers `on` is true. */
function says(item: YAMLMap, field: string, values: Record<string, string | undefined>): boolean {
  const { value } = fieldOf(item, field);
  return isScalar(value) && value.value === values[field] && (value.type !== "PLAIN" || isPlain(String(value.value)));
}

/** @throws Error if the edits broke the text: they support the usual styles of an entry, but YAML has more */
function readEdited(edited: string, wanted: ImageEntry): Kustomization {
  try {
    return read(edited);
  } catch (cause) {
    throw unusual(wanted, cause);
  }
}

/** @throws Error if the edits changed anything else: for example an anchor that is used elsewhere */
function verify(before: Kustomization, after: Kustomization, wanted: ImageEntry): void {
  const at = before.entries.findIndex(({ name }) => name === wanted.name);
  const others = before.entries.filter(({ name }, index) => name !== wanted.name || index === at);
  const expected = at === -1 ? [...others, wanted] : others.map((entry, index) => (index === at ? wanted : entry));
  if (!isDeepStrictEqual(after.entries, expected) || !isDeepStrictEqual(after.rest, before.rest)) {
    throw unusual(wanted);
  }
}

const unusual = ({ name }: ImageEntry, cause?: unknown): Error =>
  new Error(
    `its entry for image ${name} cannot be set without changing something else: write it once, each field on its own line, without anchors`,
    { cause },
  );
