import { createHash, type Hash } from "node:crypto";
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import { sha256 } from "../ecr/digest";
import { atFrom, type BuildOptions, build, readIgnoreOf, readPlan } from "./build";
import { createImageStore, type LocalImage } from "./imageStore";
import type { Ignore } from "./patterns";
import { find } from "./plan";
import { installable } from "./runPrograms";

export interface KeptBuildOptions extends BuildOptions {
  /** Identifies everything that a base image's files depend on. */
  identify(name: string): Promise<string>;
}

/** A kept image: its blobs are files beside this one, named by digest. */
type Kept = Record<"config" | "layer", { digest: string; size: number }>;

const KEPT_FOR = 7 * 24 * 60 * 60_000;

// Two evaluations in one process build an image once. Two processes may both build it; one result is kept.
const underWay = new Map<string, Promise<LocalImage>>();

/**
 * Builds an image, or returns one built earlier from the same inputs: files, Dockerfile, arguments, base images and
 * stand-in, on the same machine.
 * @param folder where images are kept; images unused for a week are removed
 * @throws as {@link build}
 */
export async function keptBuild(folder: string, options: KeptBuildOptions): Promise<LocalImage> {
  const kept = path.join(folder, await keyOf(options));
  const known = underWay.get(kept);
  if (known !== undefined) return known;
  const image = findOrBuild(kept, options);
  underWay.set(kept, image);
  try {
    return await image;
  } finally {
    underWay.delete(kept);
  }
}

async function findOrBuild(kept: string, options: BuildOptions): Promise<LocalImage> {
  return (await read(kept)) ?? (await buildInto(kept, options));
}

/** Undefined if missing or incomplete: it can be rebuilt. */
async function read(kept: string): Promise<LocalImage | undefined> {
  try {
    const { config, layer }: Kept = JSON.parse(await readFile(path.join(kept, "image.json"), "utf8"));
    for (const { digest } of [config, layer]) {
      if (sha256(await readFile(blobOf(kept, digest))) !== digest) return undefined;
    }
    const now = new Date();
    await utimes(kept, now, now);
    const placed = (blob: Kept["layer"]) => ({ ...blob, path: blobOf(kept, blob.digest) });
    return { config: placed(config), layer: placed(layer), repositoryDigests: [] };
  } catch {
    return undefined;
  }
}

const blobOf = (kept: string, digest: string): string => path.join(kept, digest.replace("sha256:", ""));

async function buildInto(kept: string, options: BuildOptions): Promise<LocalImage> {
  const folder = path.dirname(kept);
  await mkdir(folder, { recursive: true });
  const unfinished = await mkdtemp(path.join(folder, "build-"));
  try {
    // npm searches upwards for a package.json: in a stage without one it would find slipway's own.
    await writeFile(path.join(unfinished, "package.json"), '{ "private": true }\n');
    const store = createImageStore(unfinished);
    const { config, layer } = await build(store, options);
    const facts = ({ digest, size }: Kept["layer"]) => ({ digest, size });
    const image: Kept = { config: facts(config), layer: facts(layer) };
    await writeFile(path.join(store.directory, "image.json"), JSON.stringify(image));
    return await keep(store.directory, kept);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await removeUnused(folder);
  }
}

/** Moves a build to its place, unless another process has built the same meanwhile. */
async function keep(built: string, kept: string): Promise<LocalImage> {
  if ((await read(kept)) === undefined) {
    await rm(kept, { recursive: true, force: true });
    await rename(built, kept).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  }
  const image = await read(kept);
  if (image === undefined) throw new Error(`${kept}: the image was built and is not there: is something removing it?`);
  return image;
}

async function removeUnused(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    // Another process may be removing it.
    const used = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - used > KEPT_FOR) await rm(file, { recursive: true, force: true });
  }
}

async function keyOf(options: KeptBuildOptions): Promise<string> {
  const { context, dockerfile, arguments: given, labels = {}, platform, target = "" } = options;
  const [entries, own] = [[...given].sort(), await readdir(__dirname)];
  const hash = createHash("sha256");
  const facts = [entries, Object.entries(labels), platform, target, await basesOf(options)];
  hash.update(JSON.stringify([process.version, process.arch, installable(), facts]));
  for (const file of [dockerfile, ...own.sort().map((it) => path.join(__dirname, it))]) await addFile(hash, file, "");
  await addContext(hash, context, "", await readIgnoreOf(options));
  return hash.digest("hex").slice(0, 32);
}

async function basesOf(options: KeptBuildOptions): Promise<string[]> {
  const { stages } = await readPlan(options);
  const bases = stages.filter(({ from }, index) => find(stages.slice(0, index), from) === undefined);
  return Promise.all(bases.map((stage) => atFrom(stage, () => options.identify(stage.from))));
}

async function addContext(hash: Hash, context: string, folder: string, ignore: Ignore): Promise<void> {
  for (const child of (await readdir(path.join(context, folder))).sort()) {
    const name = path.posix.join(folder, child);
    const file = path.join(context, name);
    const isFolder = (await lstat(file)).isDirectory();
    if (isFolder && (ignore.exceptions || !ignore.ignores(name))) await addContext(hash, context, name, ignore);
    if (!ignore.ignores(name)) await addFile(hash, file, name);
  }
}

async function addFile(hash: Hash, file: string, name: string): Promise<void> {
  const status = await lstat(file);
  const kind = status.isDirectory() ? "folder" : status.isSymbolicLink() ? "link" : "file";
  hash.update(JSON.stringify([name, kind, status.mode & 0o777]));
  if (kind === "link") hash.update(JSON.stringify(await readlink(file)));
  if (kind === "file") hash.update(sha256(await readFile(file)));
}
