import { parseBaseImageName } from "./baseImageName";
import type { RunConfig } from "./imageStore";
import { systemOfTag, writeSystem } from "./operatingSystem";
import type { RegistryClient } from "./registryClient";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Gets a stage's base image: writes its files to a folder and returns its run configuration. */
export type BaseImages = (name: string, root: string) => Promise<RunConfig>;

export interface BaseImagesOptions {
  client: Pick<RegistryClient, "pull">;
  /** Registries whose connections time out. */
  unreachable: string[];
}

/**
 * The base images of a build. Those in ECR are pulled from the account's registry; the others are {@link baseImage}s.
 * Docker Hub and Amazon's public gallery may be unreachable, as from China.
 * @throws with docker's message and a remedy
 */
export function createBaseImages({ client, unreachable }: BaseImagesOptions): BaseImages {
  return async (name, root) => {
    if (name === "scratch") return known(name, root);
    const { registry, repository, reference } = parseBaseImageName(name);
    if (registry.includes(".dkr.ecr.")) return client.pull({ registry, repository, reference }, root);
    if (unreachable.includes(registry))
      throw new Error(
        `failed to resolve source metadata for ${registry}/${repository}:${reference}: dial tcp: lookup ${registry}: i/o timeout: ` +
          "this registry is not dependable from the account's region: mirror the image into an ECR repository, and build from there",
      );
    return known(name, root);
  };
}

/** For when all public registries are reachable. */
export const publicImages: BaseImages = async (name, root) => known(name, root);

function known(name: string, root: string): RunConfig {
  const config = baseImage(name);
  if (config === undefined)
    throw new Error(
      "the rehearsal has no such image: it knows the official node images (this computer's own Node.js), scratch, earlier stages, and what is in the account's own ECR",
    );
  const system = name === "scratch" ? undefined : systemOfTag(parseBaseImageName(name).reference);
  if (system !== undefined) writeSystem(root, system);
  return config;
}

/**
 * The supported base images of a Dockerfile. `scratch` is empty. The official `node` images, from any registry, contain
 * only the name of their operating system: their programs are this machine's own. Undefined for any other image.
 */
export function baseImage(name: string): RunConfig | undefined {
  if (name === "scratch") return { Env: [`PATH=${PATH}`], Entrypoint: [], Cmd: [], WorkingDir: "/" };
  if (!/(^|\/)node(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/.test(name)) return undefined;
  return {
    Env: [`PATH=${PATH}`, `NODE_VERSION=${process.versions.node}`],
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["node"],
    WorkingDir: "/",
  };
}

/** The major version of a tag: 24 for `node:24.1-alpine`; undefined for `node` and `node:lts`. */
export function majorOf(name: string): number | undefined {
  const major = /:(\d+)[\w.-]*(@|$)/.exec(name)?.[1];
  return major === undefined ? undefined : Number(major);
}
