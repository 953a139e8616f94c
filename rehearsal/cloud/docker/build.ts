import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { copyFolder } from "../copyFolder";
import { sha256 } from "../ecr/digest";
import { type BaseImages, majorOf, publicImages } from "./baseImages";
import { parseDockerfile } from "./dockerfile";
import { type ImageConfig, type ImageStore, type LocalImage, parseReference, type RunConfig } from "./imageStore";
import { instructions } from "./instructions";
import { writeLayer } from "./layer";
import { type Ignore, readIgnore } from "./patterns";
import { type Plan, plan, type Stage } from "./plan";
import type { Build, BuiltStage } from "./stage";

export interface BuildOptions {
  context: string;
  dockerfile: string;
  tags: string[];
  /** `--build-arg`, by name. */
  arguments: Map<string, string>;
  /** `--label`: overrides the Dockerfile's. */
  labels?: Record<string, string>;
  /** Default: `linux/amd64`, as on CodeBuild's machines. */
  platform: string;
  target?: string;
  /** Default: all public registries are reachable. */
  baseImages?: BaseImages;
  print(line: string): void;
  /** Called with each line of output. By default, commands write to this process's own output. */
  output?: ((line: string) => void) | undefined;
  /** The builder's, where npm finds its configuration. Default: this process's. */
  environment?: NodeJS.ProcessEnv;
  /** Kills the processes of RUN. */
  signal?: AbortSignal;
}

/**
 * Builds an image: interprets the Dockerfile, with a folder for the image's files.
 * @throws an error with the line and the instruction
 */
export async function build(store: ImageStore, options: BuildOptions): Promise<LocalImage> {
  const { context, baseImages = publicImages, print, output, environment = process.env, signal } = options;
  const { stages, globals } = await readPlan(options);
  const ignore = await readIgnoreOf(options);
  const directory = path.join(store.directory, `build-${randomUUID()}`);
  const home = path.join(directory, "home");
  await mkdir(home, { recursive: true });
  try {
    const shared = { context, ignore, arguments: options.arguments, globals, home, baseImages, print, output };
    const build: Build = { ...shared, environment, signal, stages: new Map() };
    let last: BuiltStage | undefined;
    for (const stage of stages) {
      last = await buildStage(build, stage, path.join(directory, String(stage.index)));
      build.stages.set(String(stage.index), last).set(stage.name.toLowerCase(), last);
    }
    if (last === undefined) throw new Error("the Dockerfile has no FROM");
    return await save(store, last, options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The Dockerfile's build plan. */
export async function readPlan({ dockerfile, arguments: given, target }: BuildOptions): Promise<Plan> {
  return plan(parseDockerfile(await readFile(dockerfile, "utf8")), (name) => given.get(name), target);
}

/** The ignored part of the context. */
export const readIgnoreOf = ({ context, dockerfile }: BuildOptions): Promise<Ignore> =>
  readIgnore([`${dockerfile}.dockerignore`, path.join(context, ".dockerignore")]);

async function buildStage(build: Build, stage: Stage, root: string): Promise<BuiltStage> {
  const steps = stage.instructions.length + 1;
  build.print(`[${stage.name} 1/${steps}] FROM ${stage.from}`);
  const earlier = build.stages.get(stage.from.toLowerCase());
  await mkdir(root, { recursive: true });
  const config = earlier?.config ?? (await baseOf(stage, root, build));
  if (earlier !== undefined) await copyFolder(earlier.root, root);
  const built: BuiltStage = {
    root,
    config: structuredClone(config),
    arguments: new Map(),
    shell: ["/bin/sh", "-c"],
    command: false,
  };
  for (const [index, instruction] of stage.instructions.entries()) {
    const { keyword, line, text } = instruction;
    build.signal?.throwIfAborted();
    build.print(`[${stage.name} ${index + 2}/${steps}] ${keyword} ${text}`);
    const execute = instructions[keyword];
    if (execute === undefined) throw new Error(`line ${line}: ${keyword}: unknown instruction`);
    try {
      await execute(build, built, instruction);
    } catch (error) {
      throw new Error(`line ${line}: ${keyword}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
  return built;
}

function baseOf(stage: Stage, root: string, { baseImages, print }: Build): Promise<RunConfig> {
  const { from } = stage;
  return atFrom(stage, async () => {
    const config = await baseImages(from, root);
    const major = majorOf(from);
    if (major !== undefined && major !== Number(process.versions.node.split(".")[0]))
      print(`warning: ${from} is rehearsed with this computer's own Node.js ${process.versions.node}`);
    return config;
  });
}

/** @throws errors of `work`, with the stage's line */
export async function atFrom<T>({ from, fromLine }: Stage, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`line ${fromLine}: FROM ${from}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

function labelled(config: RunConfig, labels: Record<string, string> = {}): RunConfig {
  return Object.keys(labels).length === 0 ? config : { ...config, Labels: { ...config.Labels, ...labels } };
}

async function save(store: ImageStore, stage: BuiltStage, options: BuildOptions): Promise<LocalImage> {
  options.signal?.throwIfAborted();
  const { diffId, ...layer } = await writeLayer(stage.root, store.directory);
  const [os = "", architecture = ""] = options.platform.split("/");
  // No creation time, so that the same context has the same digest.
  const config: ImageConfig = {
    architecture,
    os,
    config: labelled(stage.config, options.labels),
    rootfs: { type: "layers", diff_ids: [diffId] },
  };
  const text = JSON.stringify(config);
  const digest = sha256(text);
  const file = path.join(store.directory, digest.replace("sha256:", ""));
  await writeFile(file, text);
  const image: LocalImage = {
    config: { digest, size: Buffer.byteLength(text), path: file },
    layer,
    repositoryDigests: [],
  };
  await store.save(image);
  for (const tag of options.tags) await store.tag(image, parseReference(tag));
  return image;
}
