import type { RunConfig } from "./imageStore";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The images that a Dockerfile may begin with. `scratch` is empty, and so are the files of the official `node` images,
 * from whichever registry: their Node.js is this computer's own. Undefined for every other image.
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

/** The major version that a tag asks for: 24 of `node:24.1-alpine`; undefined for `node` and `node:lts`. */
export function majorOf(name: string): number | undefined {
  const major = /:(\d+)[\w.-]*(@|$)/.exec(name)?.[1];
  return major === undefined ? undefined : Number(major);
}
