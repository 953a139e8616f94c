import { createHash } from "node:crypto";
import path from "node:path";
import type { ImageArgs } from "@pulumi/awsx/ecr/image";
import type { Unwrap } from "@pulumi/pulumi";
import { copyFolder } from "../copyFolder";
import { inputsOf } from "../declared";
import { parseBaseImageName } from "../docker/baseImageName";
import { publicImages } from "../docker/baseImages";
import type { LocalImage } from "../docker/imageStore";
import { type KeptBuildOptions, keptBuild } from "../docker/keptBuild";
import { createPuller, type PulledImage } from "../ecs/pull";
import type { Cloud, Created, Declaration } from "../service";
import { putImage } from "./putImage";

type Bases = Pick<KeptBuildOptions, "identify" | "baseImages">;

const project = path.resolve(__dirname, "../../..");

/** Where images are kept between evaluations, like docker's layer cache. */
const KEPT = path.join(project, ".rehearsal/images");

// An engineer sees docker's output of a failed command on the screen; here the error contains it.
const TAIL = 20;

/**
 * What `awsx.ecr.Image` does on the machine that runs `pulumi up`, with that user's credentials: builds the image with
 * docker, pushes it under a tag derived from the build's inputs, and returns its address by digest.
 */
export function createImages(cloud: Cloud, host: string) {
  const pull = createPuller(cloud);
  const bases = basesOf(host, (name) => pull({ kind: "operator" }, name));

  return async function createImage(declaration: Declaration): Promise<Created> {
    const args = inputsOf<Unwrap<ImageArgs>>(declaration, [
      "repositoryUrl",
      "context",
      "dockerfile",
      "args",
      "platform",
      "target",
      "imageTag",
    ]);
    const { repositoryUrl } = args;
    if (!repositoryUrl.startsWith(`${host}/`))
      throw new Error(`repositoryUrl ${repositoryUrl}: it is no repository of this account's registry, ${host}`);
    const image = await buildImage(args, bases);
    const tag = args.imageTag ?? tagOf(args, declaration.urn);
    const digest = await putImage(cloud, repositoryUrl.slice(host.length + 1), tag, image);
    return { id: "", outputs: { imageUri: `${repositoryUrl}@${digest}` } };
  };
}

/** Base images as on an engineer's machine: from public registries and the account's own. */
function basesOf(host: string, pull: (name: string) => Promise<PulledImage>): Bases {
  const isOwn = (name: string) => name !== "scratch" && parseBaseImageName(name).registry === host;
  return {
    // A public image name always means the same here: see baseImage.
    identify: async (name) => (isOwn(name) ? (await pull(name)).digest : name),
    async baseImages(name, root) {
      if (!isOwn(name)) return publicImages(name, root);
      const { config, directory } = await pull(name);
      await copyFolder(directory, root);
      return config;
    },
  };
}

async function buildImage(args: Unwrap<ImageArgs>, bases: Bases): Promise<LocalImage> {
  const { dockerfile: named } = args;
  const context = path.resolve(project, args.context ?? ".");
  const dockerfile = named === undefined ? path.join(context, "Dockerfile") : path.resolve(project, named);
  const output: string[] = [];
  try {
    return await keptBuild(KEPT, {
      context,
      dockerfile,
      tags: [],
      arguments: new Map(Object.entries(args.args ?? {})),
      platform: args.platform ?? "linux/amd64",
      target: args.target,
      ...bases,
      print: () => {},
      output: (line) => output.push(line),
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const message = `${path.relative(project, dockerfile)}: ${[words, ...output.slice(-TAIL)].join("\n")}`;
    throw new Error(message, { cause: error });
  }
}

/** awsx's own form if the program sets no tag. */
function tagOf({ context = ".", dockerfile, args = {} }: Unwrap<ImageArgs>, urn: string): string {
  const [, , stack = ""] = urn.split(":");
  const given = Object.entries(args).map(([name, value]) => `;arg[${name}]=${value}`);
  const signature = [context, dockerfile && `;dockerfile=${dockerfile}`, ...given, stack].join("");
  return `${createHash("sha1").update(signature).digest("hex")}-container`;
}
