import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";

/** A file of a repository in git's modes: regular, executable, symbolic link. */
export interface RepositoryFile {
  mode: "100644" | "100755" | "120000";
  content: string | Buffer;
}

/** Paths inside a repository, with `/`; `null` deletes the file. */
export type Snapshot = Record<string, RepositoryFile | null>;

/** A regular file. */
export const file = (content: string | Buffer): RepositoryFile => ({ mode: "100644", content });

/** Reads a folder as a repository's content, without `node_modules`. */
export async function readFolder(folder: string): Promise<Snapshot> {
  const snapshot: Snapshot = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const absolute = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, absolute).split(path.sep).join("/");
    if (entry.isDirectory() || name.split("/").includes("node_modules")) continue;
    if (entry.isSymbolicLink()) {
      snapshot[name] = { mode: "120000", content: await readlink(absolute) };
    } else {
      const executable = ((await lstat(absolute)).mode & 0o100) !== 0;
      snapshot[name] = { mode: executable ? "100755" : "100644", content: await readFile(absolute) };
    }
  }
  return snapshot;
}
