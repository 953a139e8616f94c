import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { type BuildOptions, build } from "../../../../rehearsal/cloud/docker/build";
import { createImageStore, type RunConfig } from "../../../../rehearsal/cloud/docker/imageStore";
import { unpackLayer } from "../../../../rehearsal/cloud/docker/layer";
import { refusalMessage } from "../../../refusal";
import { writeFiles } from "../ecs/containerSupport";

export interface Builder {
  /** Removed by `close`, with all that is in it. */
  folder: string;
  /** The options of a build of these files, a Dockerfile among them. */
  options(files: Record<string, string>): Promise<BuildOptions>;
  /** Builds these files. @returns the folder of the image's files, and what its commands wrote */
  build(files: Record<string, string>): Promise<{ root: string; output: string[] }>;
  /** What its commands wrote until one failed, and then how the build failed. */
  failure(files: Record<string, string>): Promise<string[]>;
  close(): Promise<void>;
}

/** Builds images in this process, as awsx's are built. */
export async function createBuilder(): Promise<Builder> {
  const folder = await mkdtemp(path.join(tmpdir(), "slipway-build-"));
  const output: string[] = [];
  let builds = 0;

  async function options(files: Record<string, string>): Promise<BuildOptions> {
    const context = path.join(folder, "context");
    await rm(context, { recursive: true, force: true });
    await writeFiles(context, files);
    output.length = 0;
    return {
      context,
      dockerfile: path.join(context, "Dockerfile"),
      tags: [],
      arguments: new Map(),
      platform: "linux/amd64",
      print: () => {},
      output: (line) => output.push(line),
    };
  }

  return {
    folder,
    options,
    async build(files) {
      builds += 1;
      const image = await build(createImageStore(path.join(folder, "store")), await options(files));
      const root = path.join(folder, `image-${builds}`);
      await unpackLayer(createReadStream(image.layer.path), root);
      return { root, output: [...output] };
    },
    async failure(files) {
      const message = await refusalMessage(build(createImageStore(path.join(folder, "store")), await options(files)));
      return [...output, message];
    },
    close: () => rm(folder, { recursive: true }),
  };
}

/** The environment that the official node images give. */
export const NODE_IMAGE: RunConfig = {
  Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", `NODE_VERSION=${process.versions.node}`],
  Entrypoint: ["docker-entrypoint.sh"],
  Cmd: ["node"],
  WorkingDir: "/",
};

export interface Docker {
  /** Runs docker in the folder. @returns what it prints @throws with what it complains of as `stderr` */
  run(args: string[], environment?: Record<string, string>, input?: string): Promise<string>;
  /** What docker complains of. */
  complaint(args: string[], environment?: Record<string, string>, input?: string): Promise<string>;
}

/** @param programs where the stand-ins are installed */
export function dockerIn(folder: string, programs: string): Docker {
  const docker: Docker = {
    async run(args, environment = {}, input = "") {
      const started = promisify(execFile)(path.join(programs, "privileged/docker"), args, {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: path.join(folder, "home"), ...environment },
      });
      started.child.stdin?.end(input);
      return (await started).stdout.trim();
    },
    complaint: (args, environment, input) =>
      docker.run(args, environment, input).then(
        (output) => `no complaint: ${output}`,
        (error) => error.stderr.trim(),
      ),
  };
  return docker;
}
