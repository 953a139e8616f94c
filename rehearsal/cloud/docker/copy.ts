import { chmod, copyFile, lstat, mkdir, readdir, readlink, rm, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { type Ignore, patternOf } from "./patterns";

export interface Copy {
  /** Sources of COPY, as in the Dockerfile: `package*.json`, `.`, `/app/dist`. */
  sources: string[];
  /** The build's context, or the files of an earlier stage. */
  from: string;
  ignore: Ignore;
  /** The image's files. */
  root: string;
  workingDirectory: string;
  destination: string;
  /** `--chmod`, for files. */
  mode?: number;
}

/** @throws if a source matches nothing, or several sources go to something that is not a folder */
export async function copy(options: Copy): Promise<void> {
  const { from, root, destination } = options;
  const target = path.join(root, path.posix.resolve(options.workingDirectory, destination));
  const matches = (await Promise.all(options.sources.map((it) => matching(options, it)))).flat();
  const intoFolder = /(^|\/)\.?$/.test(destination) || (await isFolder(target));
  if (matches.length > 1 && !intoFolder)
    throw new Error(
      "when using COPY with more than one source file, the destination must be a directory and end with a /",
    );
  for (const match of matches) {
    const source = path.join(from, match);
    const folder = (await lstat(source)).isDirectory();
    // For a folder, its contents are copied, not the folder itself.
    const to = folder || !intoFolder ? target : path.join(target, path.basename(match));
    await transfer(options, match, to);
  }
}

async function matching({ from, ignore }: Copy, source: string): Promise<string[]> {
  const pattern = path.posix.normalize(source).replace(/^(\.?\/)+|\/+$/g, "");
  if (pattern === "" || pattern === ".") return ["."];
  if (pattern.startsWith("../")) throw new Error(`forbidden path outside the build context: ${source}`);
  const matcher = patternOf(pattern);
  const depth = pattern.includes("**") ? Number.POSITIVE_INFINITY : pattern.split("/").length;
  const found = (await walk(from, "", depth)).filter((it) => matcher.test(it) && !ignore.ignores(it));
  if (found.length === 0) throw new Error(`${source}: not found in the build context, or left out by .dockerignore`);
  return found;
}

async function walk(from: string, folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(path.join(from, folder), { withFileTypes: true });
  const paths = entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(async (entry) => {
      const here = path.posix.join(folder, entry.name);
      return [here, ...(entry.isDirectory() && depth > 1 ? await walk(from, here, depth - 1) : [])];
    });
  return (await Promise.all(paths)).flat();
}

async function transfer(options: Copy, source: string, target: string): Promise<void> {
  const file = path.join(options.from, source);
  const status = await lstat(file);
  if (status.isDirectory()) {
    const { ignores, exceptions } = options.ignore;
    if (!ignores(source)) await mkdir(target, { recursive: true });
    for (const entry of await readdir(file, { withFileTypes: true })) {
      const child = path.posix.join(source, entry.name);
      const kept = !ignores(child) || (exceptions && entry.isDirectory());
      if (kept) await transfer(options, child, path.join(target, entry.name));
    }
  } else if (status.isSymbolicLink()) {
    await mkdir(path.dirname(target), { recursive: true });
    await rm(target, { force: true });
    await symlink(await readlink(file), target);
  } else {
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(file, target);
    await chmod(target, options.mode ?? status.mode);
  }
}

async function isFolder(file: string): Promise<boolean> {
  return stat(file).then(
    (status) => status.isDirectory(),
    (error) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
