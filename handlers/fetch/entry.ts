/** The record of an entry in a zip's central directory. */
export interface ZipRecord {
  /** The name's bytes, each as one character (`latin1`): git stores names as bytes, in any encoding. */
  name: string;
  /** Unix mode, or 0: git writes modes only for links and executables. */
  mode: number;
  flags: number;
  method: number;
  /** Bytes of content. */
  size: number;
}

export type Placement =
  | { kind: "file" | "directory" | "symlink"; path: string; mode: number }
  /** The top-level folder that forges add. */
  | { kind: "wrapper" }
  | { kind: "refused"; reason: string };

export const STORED = 0;
export const DEFLATED = 8;

const TYPE = 0o170000;
const FILE = 0o100000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
const ENCRYPTED = 1;

/** Linux's PATH_MAX and NAME_MAX without the terminating NUL, in bytes: a build could not unpack longer names. */
const LONGEST_PATH = 4095;
const LONGEST_NAME = 255;

/**
 * The place of an entry in the archive: its path without the top-level folder, and its mode.
 *
 * Accepts every name that git and Linux accept, including backslashes and colons. Rejects names that would be unpacked
 * to a different place, and entries that a build could not unpack.
 *
 * @param top name of the top-level folder
 */
export function placeEntry(record: ZipRecord, top: string): Placement {
  const { name, mode, size } = record;
  const why = nameProblem(name) ?? contentProblem(record);
  if (why !== undefined) {
    return refused(name, why);
  }
  const isFolder = name.endsWith("/");
  const parts = (isFolder ? name.slice(0, -1) : name).split("/");
  if (parts[0] !== top || (parts.length === 1 && !isFolder)) {
    return refused(name, "it is outside the top-level folder");
  }
  if (parts.length === 1) {
    return { kind: "wrapper" };
  }
  const path = parts.slice(1).join("/");
  const type = mode & TYPE || (isFolder ? DIRECTORY : FILE);
  if ((type === DIRECTORY) !== isFolder) {
    return refused(
      name,
      isFolder ? "its name is a folder's, its mode is not" : "its mode is a folder's, its name is not",
    );
  }
  switch (type) {
    case FILE:
      return { kind: "file", path, mode: FILE | (mode & 0o777 || 0o644) };
    case DIRECTORY:
      return size === 0
        ? { kind: "directory", path, mode: DIRECTORY | (mode & 0o777 || 0o755) }
        : refused(name, "it is a folder with content");
    case SYMLINK:
      return size <= LONGEST_PATH
        ? { kind: "symlink", path, mode: SYMLINK | 0o777 }
        : refused(name, `it is a symbolic link to a path of more than ${LONGEST_PATH} bytes`);
    default:
      return refused(name, `its file type is 0${type.toString(8)}`);
  }
}

function nameProblem(name: string): string | undefined {
  if (name.startsWith("/")) {
    return "its name is absolute";
  }
  if (name.includes("\0")) {
    return "its name contains a NUL";
  }
  if (name.length > LONGEST_PATH) {
    return `its name is longer than ${LONGEST_PATH} bytes`;
  }
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  if (parts.includes("..")) {
    return "its name points outside the archive";
  }
  if (parts.includes("") || parts.includes(".")) {
    return "its name has an empty part or a dot between slashes";
  }
  return parts.some((part) => part.length > LONGEST_NAME)
    ? `a part of its name is longer than ${LONGEST_NAME} bytes`
    : undefined;
}

function contentProblem({ flags, method }: ZipRecord): string | undefined {
  if (flags & ENCRYPTED) {
    return "it is encrypted";
  }
  return method === STORED || method === DEFLATED ? undefined : `its compression method is ${method}`;
}

/** A path and its type, as {@link placeEntry} returns it. */
export interface PlacedPath {
  kind: "file" | "directory" | "symlink";
  path: string;
}

/**
 * The first conflict between entries: two with the same path, or one inside a file or a symbolic link. `undefined` if
 * there is none. Names that differ in case or Unicode normalisation are different names, as in Linux and git.
 */
export function findConflict(entries: readonly PlacedPath[]): string | undefined {
  // NUL sorts before every other character, so everything inside a path directly follows it. Uses split and join,
  // because comparing the strings that `replaceAll` makes of long paths takes seconds.
  const sorted = entries.map(({ kind, path }) => ({ kind, path, key: path.split("/").join("\0") }));
  sorted.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  let previous: { kind: string; key: string } = { kind: "directory", key: "" };
  let leaf: { kind: string; key: string } | undefined;
  for (const entry of sorted) {
    if (entry.key === previous.key) {
      return entry.kind === previous.kind
        ? reasonOf(entry.path, "the archive contains it twice")
        : reasonOf(entry.path, `it is both a ${wordOf(previous.kind)} and a ${wordOf(entry.kind)}`);
    }
    if (leaf !== undefined && entry.key.startsWith(leaf.key) && entry.key[leaf.key.length] === "\0") {
      return reasonOf(entry.path, `it is inside a ${wordOf(leaf.kind)}`);
    }
    if (entry.kind !== "directory") {
      leaf = entry;
    }
    previous = entry;
  }
  return undefined;
}

function wordOf(kind: string): string {
  return kind === "directory" ? "folder" : kind === "symlink" ? "symbolic link" : kind;
}

function refused(name: string, why: string): Placement {
  return { kind: "refused", reason: reasonOf(name, why) };
}

function reasonOf(name: string, why: string): string {
  const text = Buffer.from(name, "latin1").toString();
  return `entry ${JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text)} of the archive is refused: ${why}`;
}
