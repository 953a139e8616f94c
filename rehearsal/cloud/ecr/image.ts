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

/** Where images are kept from one evaluation to the next, as docker keeps the layers that it has built. */
const KEPT = path.join(project, ".rehearsal/images");

// What an engineer's docker prints of a failed command is on the screen; here it is in the error.
const TAIL = 20;

/**
 * What `awsx.ecr.Image` does on the computer of whoever runs `pulumi up`, with that person's credentials: builds the image
 * by docker, pushes it under a tag that is a function of the build's inputs, and tells its address by digest.
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

/** As docker on an engineer's computer has them: from public registries, and from the account's own. */
function basesOf(host: string, pull: (name: string) => Promise<PulledImage>): Bases {
  const isOwn = (name: string) => name !== "scratch" && parseBaseImageName(name).registry === host;
  return {
    // A name of a public registry stands for one thing here: see baseImage.
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

/** awsx's own form, where the program names no tag. */
function tagOf({ context = ".", dockerfile, args = {} }: Unwrap<ImageArgs>, urn: string): string {
  const [, , stack = ""] = urn.split(":");
  const given = Object.entries(args).map(([name, value]) => `;arg[${name}]=${value}`);
  const signature = [context, dockerfile && `;dockerfile=${dockerfile}`, ...given, stack].join("");
  return `${createHash("sha1").update(signature).digest("hex")}-container`;
}
