import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { ignoring, putImage } from "../ecr/putImage";
import type { Cloud } from "../service";
import { build } from "./build";
import { createImageStore } from "./imageStore";

/**
 * What a platform engineer does once if public registries are unreachable: copies the official `node` image into an ECR
 * repository of the account, which is created if missing.
 * @param repositoryName `mirror/node`
 * @param tag as on Docker Hub: `24-alpine`
 */
export async function mirrorBaseImage(cloud: Cloud, repositoryName: string, tag: string): Promise<void> {
  await ignoring("RepositoryAlreadyExistsException", () =>
    cloud.call({ kind: "operator" }, "ecr", "CreateRepository", { repositoryName }),
  );
  const folder = path.join(cloud.directory, "mirror", cloud.id());
  await mkdir(folder, { recursive: true });
  try {
    const dockerfile = path.join(folder, "Dockerfile");
    await writeFile(dockerfile, `FROM node:${tag}\n`);
    const image = await build(createImageStore(folder), {
      context: folder,
      dockerfile,
      tags: [],
      arguments: new Map(),
      platform: "linux/amd64",
      print: () => {},
    });
    await putImage(cloud, repositoryName, tag, image);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
