import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../clock";
import type { Snapshot } from "./files";
import { author, runGit } from "./git";

/** git's and GitHub's value for no commit: before a creation, after a deletion. */
export const noCommit = "0".repeat(40);

/** A moved reference, as reported by a push. */
export interface RefUpdate {
  /** `refs/heads/main`, `refs/tags/v1` */
  ref: string;
  /** The previous commit; forty zeros if the reference is new. */
  before: string;
  /** The new commit; forty zeros if the reference is deleted. */
  after: string;
}

export interface Commit {
  id: string;
  tree: string;
  message: string;
  /** ISO 8601 */
  timestamp: string;
  added: string[];
  removed: string[];
  modified: string[];
}

/** A bare git repository of a forge. */
export interface Repository {
  /** `acme/storefront` */
  readonly name: string;
  readonly directory: string;
  /** Reference names and their commits. */
  refs(): Promise<Map<string, string>>;
  /** The commit with a name or an abbreviation, if any. */
  resolve(name: string): Promise<string | undefined>;
  /**
   * Commits on top of a branch, which is created if new.
   * @param change path → content; `null` deletes the path
   */
  commit(change: Snapshot, message: string, branch?: string): Promise<RefUpdate>;
  /** Merges a commit into a branch with a merge commit. @throws with git's message on a conflict */
  merge(commit: string, message: string, branch: string): Promise<RefUpdate>;
  /** The changes in a commit since its common ancestor with the base, as printed by git. */
  diff(base: string, commit: string): Promise<string>;
  /** Points a reference at a commit, or deletes it if `commit` is {@link noCommit}. Force is implied. */
  move(ref: string, commit: string): Promise<RefUpdate>;
  /** Removes unreferenced commits, as a forge does some time after a force push. */
  forget(): Promise<void>;
  /** The details of a commit. */
  describe(commit: string): Promise<Commit>;
  /** The commits that an update added to its reference, oldest first. */
  commits(update: RefUpdate): Promise<Commit[]>;
  /** Whether the update discarded commits. */
  forced(update: RefUpdate): Promise<boolean>;
}

/**
 * The references of a bare repository, as git stores them: one file each, or packed. Scenarios read them often, and a
 * git process for each read took a tenth of the rehearsal's CPU.
 */
async function readRefs(directory: string): Promise<Map<string, string>> {
  const refs = new Map<string, string>();
  const entries = await readdir(path.join(directory, "refs"), { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((it) => it.isFile() && !it.name.endsWith(".lock"))) {
    const file = path.join(entry.parentPath, entry.name);
    const commit = (await readFile(file, "utf8").catch(emptyIfMissing)).trim();
    if (commit !== "") refs.set(path.relative(directory, file), commit);
  }
  // Read last: git packs a reference before deleting its file.
  const packed = await readFile(path.join(directory, "packed-refs"), "utf8").catch(emptyIfMissing);
  for (const [, commit = "", name = ""] of packed.matchAll(/^([0-9a-f]{40}) (.+)$/gm))
    if (!refs.has(name)) refs.set(name, commit);
  return new Map([...refs].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}

/**
 * Creates an empty bare repository.
 * @param root folder of all repositories
 * @param name `acme/storefront`
 * @param clock dates the commits
 */
export async function createRepository(root: string, name: string, clock: Clock): Promise<Repository> {
  const directory = path.join(root, `${name}.git`);
  await mkdir(directory, { recursive: true });
  // Names unescaped, and no time spent on compacting a temporary repository.
  const git = (args: string[], input?: string | Buffer) =>
    runGit(["-c", "core.quotePath=false", "-c", "core.compression=0", `--git-dir=${directory}`, ...args], input);
  await git(["init", "--quiet", "--bare", "--initial-branch=main"]);

  const refs = () => readRefs(directory);
  const at = async (ref: string) => (await refs()).get(ref) ?? noCommit;

  async function add(content: Pick<Import, "change" | "merged" | "message">, branch: string): Promise<RefUpdate> {
    const ref = `refs/heads/${branch}`;
    const before = await at(ref);
    const seconds = Math.floor(clock.now() / 1000);
    await git(["fast-import", "--quiet"], importStream({ ...content, ref, before, seconds }));
    return { ref, before, after: await at(ref) };
  }

  async function log(selection: string[]): Promise<Commit[]> {
    const format = "--format=%x1e%H%x1f%T%x1f%cI%x1f%B%x1f";
    const output = await git(["log", "--reverse", "--root", "--no-renames", "--name-status", format, ...selection]);
    return output.split("\x1e").slice(1).map(parseCommit);
  }

  return {
    name,
    directory,
    refs,
    resolve: async (name) => /^(\w+) commit /.exec(await git(["cat-file", "--batch-check"], `${name}\n`))?.[1],
    commit: (change, message, branch = "main") => add({ change, message }, branch),
    async merge(commit, message, branch) {
      const tree = await git(["merge-tree", "--write-tree", branch, commit]);
      return add({ merged: { commit, tree: tree.trim() }, message }, branch);
    },
    diff: (base, commit) => git(["diff", "--no-color", `${base}...${commit}`]),
    async move(ref, commit) {
      const before = await at(ref);
      await git(commit === noCommit ? ["update-ref", "-d", ref] : ["update-ref", ref, commit]);
      return { ref, before, after: commit };
    },
    async forget() {
      await git(["gc", "--quiet", "--prune=now"]);
    },
    async describe(commit) {
      const [described] = await log(["-1", commit]);
      if (described === undefined) throw new Error(`${name} has no commit ${commit}.`);
      return described;
    },
    commits: async ({ ref, before, after }) => {
      if (after === noCommit || ref.startsWith("refs/tags/")) return [];
      return log(before === noCommit ? ["-1", after] : [`${before}..${after}`]);
    },
    forced: async ({ before, after }) =>
      before !== noCommit &&
      after !== noCommit &&
      (await git(["rev-list", "--max-count=1", before, `^${after}`])) !== "",
  };
}

function parseCommit(record: string): Commit {
  const [id = "", tree = "", timestamp = "", message = "", changes = ""] = record.split("\x1f");
  const files = changes
    .split("\n")
    .map((line) => line.split("\t"))
    .filter((fields) => fields.length === 2);
  const of = (status: string) => files.filter(([letter]) => letter === status).map(([, file = ""]) => file);
  return { id, tree, timestamp, message: message.trim(), added: of("A"), removed: of("D"), modified: of("M") };
}

interface Import {
  ref: string;
  before: string;
  message: string;
  seconds: number;
  change?: Snapshot;
  /** A second parent, and the merged tree. */
  merged?: { commit: string; tree: string };
}

/** One commit in the format of `git fast-import`: it needs no work tree, and contents may be binary. */
function importStream({ ref, before, message, seconds, change = {}, merged }: Import): Buffer {
  const parts: (string | Buffer)[] = [`commit ${ref}\n`];
  parts.push(`author ${author.name} <${author.email}> ${seconds} +0000\n`);
  parts.push(`committer ${author.name} <${author.email}> ${seconds} +0000\n`, ...data(message));
  if (before !== noCommit) parts.push(`from ${before}\n`);
  if (merged !== undefined) parts.push(`merge ${merged.commit}\n`, `M 040000 ${merged.tree} \n`);
  for (const [file, entry] of Object.entries(change)) {
    if (entry === null) parts.push(`D ${file}\n`);
    else parts.push(`M ${entry.mode} inline ${file}\n`, ...data(entry.content));
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

const data = (content: string | Buffer): (string | Buffer)[] => [`data ${Buffer.byteLength(content)}\n`, content, "\n"];

/** `refs/heads/feature/x` → `feature/x`; undefined if not a branch. */
export const branchOf = (ref: string): string | undefined => /^refs\/heads\/(.+)$/.exec(ref)?.[1];
