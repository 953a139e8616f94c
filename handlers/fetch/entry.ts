/** What a tar header says of an entry, as far as it matters here. */
export interface TarHeader {
  name: string;
  type?: string | null | undefined;
  mode?: number | undefined;
  linkname?: string | null | undefined;
}

export type ZipEntry =
  | { kind: "file"; path: string; mode: number }
  | { kind: "directory"; path: string; mode: number }
  | { kind: "symlink"; path: string; target: string; mode: number }
  /** The one folder that forges wrap a repository in. */
  | { kind: "wrapper" }
  | { kind: "refused"; reason: string };

// The file type bits of a Unix mode, which a tar header keeps in a field of its own and a zip entry does not.
const FILE = 0o100000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;

/**
 * Where an entry of the repository's tar goes in the zip: without the top-level folder, with its mode.
 * Refuses names that would be unpacked elsewhere than where they say, and what a zip cannot hold.
 *
 * @param links the paths of the symbolic links so far
 */
export function placeEntry(header: TarHeader, links: ReadonlySet<string>): ZipEntry {
  const { name } = header;
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) {
    return refused(name, "its name is absolute");
  }
  // To a zip tool on Windows, and to yazl, a backslash is a slash: the file would change its folder.
  if (name.includes("\\") || name.includes("\0")) {
    return refused(name, "its name holds a backslash or a NUL");
  }
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    return refused(name, "its name climbs out of the archive");
  }
  const path = parts.slice(1).join("/");
  if (path === "") {
    return header.type === "directory" ? { kind: "wrapper" } : refused(name, "it is outside the top-level folder");
  }
  if (/^[A-Za-z]:/.test(path)) {
    return refused(name, "its name starts like a drive's");
  }
  const link = parts.slice(1, -1).findIndex((_, index) => links.has(parts.slice(1, index + 2).join("/")));
  if (link !== -1) {
    return refused(name, "it would be unpacked through a symbolic link");
  }
  const permissions = (header.mode ?? 0o644) & 0o777;
  switch (header.type) {
    case "file":
    case "contiguous-file":
      return { kind: "file", path, mode: FILE | permissions };
    case "directory":
      return { kind: "directory", path, mode: DIRECTORY | permissions };
    case "symlink":
      return { kind: "symlink", path, target: header.linkname ?? "", mode: SYMLINK | 0o777 };
    case "link":
      // A zip has no hard links, and the content has gone by. Git knows none either: its archives hold none.
      return refused(name, `it is a hard link to ${header.linkname}`);
    default:
      return refused(name, `its type is ${header.type ?? "unknown"}`);
  }
}

function refused(name: string, why: string): ZipEntry {
  return { kind: "refused", reason: `entry ${JSON.stringify(name)} of the archive is refused: ${why}` };
}
