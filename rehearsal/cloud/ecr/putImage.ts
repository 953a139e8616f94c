import { readFile } from "node:fs/promises";
import type { Blob, LocalImage } from "../docker/imageStore";
import { MANIFEST, manifestOf } from "../docker/registryClient";
import type { Cloud, Principal } from "../service";
import { sha256 } from "./digest";

const operator: Principal = { kind: "operator" };

/**
 * Puts an image into a repository through ECR's API, as the operator, who needs no `docker login`. Existing layers and
 * images stay.
 * @returns the digest of its manifest
 */
export async function putImage(
  cloud: Cloud,
  repositoryName: string,
  imageTag: string,
  image: LocalImage,
): Promise<string> {
  for (const blob of [image.layer, image.config])
    await ignoring("LayerAlreadyExistsException", () => putBlob(cloud, repositoryName, blob));
  const imageManifest = manifestOf(image);
  const input = { repositoryName, imageTag, imageManifest, imageManifestMediaType: MANIFEST };
  await ignoring("ImageAlreadyExistsException", () => cloud.call(operator, "ecr", "PutImage", input));
  return sha256(imageManifest);
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

export async function ignoring(exception: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== exception) throw error;
  }
}
