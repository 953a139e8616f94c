import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/** An image's run configuration (opencontainers/image-spec, config.md). */
export interface RunConfig {
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  WorkingDir: string;
  User?: string;
  StopSignal?: string;
  ExposedPorts?: Record<string, object>;
  Labels?: Record<string, string>;
  Healthcheck?: { Test: string[] };
}

export interface ImageConfig {
  architecture: string;
  os: string;
  config: RunConfig;
  rootfs: { type: "layers"; diff_ids: string[] };
}

export interface Blob {
  digest: string;
  size: number;
  path: string;
}

/** An image that was built here. */
export interface LocalImage {
  config: Blob;
  layer: Blob;
  /** Where it was pushed: `registry/repository@sha256:…`. */
  repositoryDigests: string[];
}

interface Index {
  images: Record<string, LocalImage>;
  tags: Record<string, string>;
}

export interface Reference {
  /** `123456789012.dkr.ecr.us-east-1.amazonaws.com`; empty if the image has no registry. */
  registry: string;
  /** Without the registry. */
  repository: string;
  tag: string;
}

/** @throws for a reference by digest: docker builds, tags and pushes by tag */
export function parseReference(text: string): Reference {
  if (text.includes("@")) throw new Error(`invalid reference ${text}: a tag is needed here, not a digest`);
  const [, name = "", tag = "latest"] = /^(.*?)(?::([\w][\w.-]{0,127}))?$/.exec(text) ?? [];
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const registry = /[.:]|^localhost$/.test(first) ? first : "";
  const repository = registry === "" ? name : name.slice(slash + 1);
  if (!isRepository(repository)) throw new Error(`invalid reference ${text}: a repository's name is in lower case`);
  return { registry, repository, tag };
}

export const isRepository = (name: string): boolean => /^[a-z0-9]+([._/-]+[a-z0-9]+)*$/.test(name);

export const nameOf = ({ registry, repository }: Reference): string =>
  registry === "" ? repository : `${registry}/${repository}`;

/** The folder for docker's own files. */
export function dockerHome(environment: NodeJS.ProcessEnv): string {
  const home = environment.DOCKER_CONFIG ?? (environment.HOME && path.join(environment.HOME, ".docker"));
  if (home === undefined || home === "")
    throw new Error("neither DOCKER_CONFIG nor HOME is set: there is no place to keep images");
  return home;
}

/** The images of one build on this machine; each build has its own folder. */
export function createImageStore(home: string) {
  const directory = path.join(home, "images");
  const file = path.join(directory, "index.json");

  async function read(): Promise<Index> {
    await mkdir(directory, { recursive: true });
    return readFile(file, "utf8").then(JSON.parse, (error) => {
      if (error.code === "ENOENT") return { images: {}, tags: {} };
      throw error;
    });
  }

  async function change(edit: (index: Index) => void): Promise<void> {
    const index = await read();
    edit(index);
    await writeFile(file, JSON.stringify(index, null, 2));
  }

  const key = (reference: Reference) => `${nameOf(reference)}:${reference.tag}`;

  async function find(text: string): Promise<LocalImage> {
    const { images, tags } = await read();
    const image = images[tags[key(parseReference(text))] ?? ""] ?? images[text];
    if (image === undefined) throw new Error(`No such image: ${text}`);
    return image;
  }

  return {
    directory,
    find,
    save: (image: LocalImage) =>
      change(({ images }) => {
        images[image.config.digest] ??= image;
      }),
    tag: (image: LocalImage, reference: Reference) =>
      change(({ tags }) => {
        tags[key(reference)] = image.config.digest;
      }),
    pushed: (image: LocalImage, repositoryDigest: string) =>
      change(({ images }) => {
        const saved = images[image.config.digest];
        if (saved !== undefined && !saved.repositoryDigests.includes(repositoryDigest))
          saved.repositoryDigests.push(repositoryDigest);
      }),
    async tagsOf(image: LocalImage): Promise<string[]> {
      const { tags } = await read();
      return Object.keys(tags).filter((tag) => tags[tag] === image.config.digest);
    },
  };
}

export type ImageStore = ReturnType<typeof createImageStore>;
