import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Cloud, Principal } from "../service";
import { build } from "./build";
import { type Blob, createImageStore, type LocalImage } from "./imageStore";
import { MANIFEST, manifestOf } from "./registryClient";

const operator: Principal = { kind: "operator" };

/**
 * What a platform engineer does once where public registries are out of reach: copies the official `node` image into an
 * ECR repository of the account, which is created if it is not there.
 * @param repositoryName `mirror/node`
 * @param tag as Docker Hub has it: `24-alpine`
 */
export async function mirrorBaseImage(cloud: Cloud, repositoryName: string, tag: string): Promise<void> {
  await ignoring("RepositoryAlreadyExistsException", () =>
    cloud.call(operator, "ecr", "CreateRepository", { repositoryName }),
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
    await put(cloud, repositoryName, tag, image);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By the API, as tools that copy images do: the operator has credentials for it, and no docker. */
async function put(cloud: Cloud, repositoryName: string, imageTag: string, image: LocalImage): Promise<void> {
  for (const blob of [image.layer, image.config])
    await ignoring("LayerAlreadyExistsException", () => putBlob(cloud, repositoryName, blob));
  await ignoring("ImageAlreadyExistsException", () =>
    cloud.call(operator, "ecr", "PutImage", {
      repositoryName,
      imageTag,
      imageManifest: manifestOf(image),
      imageManifestMediaType: MANIFEST,
    }),
  );
}

async function putBlob(cloud: Cloud, repositoryName: string, { digest, path: file }: Blob): Promise<void> {
  const layerPartBlob = await readFile(file);
  const { uploadId } = await cloud.call<object, { uploadId: string }>(operator, "ecr", "InitiateLayerUpload", {
    repositoryName,
  });
  const partLastByte = layerPartBlob.byteLength - 1;
  const part = { repositoryName, uploadId, partFirstByte: 0, partLastByte, layerPartBlob };
  await cloud.call(operator, "ecr", "UploadLayerPart", part);
  await cloud.call(operator, "ecr", "CompleteLayerUpload", { repositoryName, uploadId, layerDigests: [digest] });
}

async function ignoring(exception: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== exception) throw error;
  }
}
