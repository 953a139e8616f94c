import { randomUUID } from "node:crypto";
import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { awsError } from "../service";
import { sha256 } from "./digest";
import type { Layer, Repository } from "./repository";

/** The size of all parts but the last that UploadLayerPart asks callers for; AWS's own number. */
export const PART_SIZE = 10_485_760;

interface Upload {
  repository: string;
  path: string;
  size: number;
}

/** Layers on disk, including uploads in progress. */
export function createLayers(directory: string) {
  const uploads = new Map<string, Upload>();

  function uploadOf(repository: Repository, id: string): Upload {
    const upload = uploads.get(id);
    if (upload === undefined || upload.repository !== repository.name)
      throw awsError(
        "UploadNotFoundException",
        `The upload '${id}' could not be found in the repository with name '${repository.name}' in the registry with id '${repository.registryId}'`,
      );
    return upload;
  }

  return {
    async initiate(repository: Repository): Promise<string> {
      const id = randomUUID();
      await mkdir(path.join(directory, "uploads"), { recursive: true });
      await mkdir(path.join(directory, "layers"), { recursive: true });
      const file = path.join(directory, "uploads", id);
      await writeFile(file, "");
      uploads.set(id, { repository: repository.name, path: file, size: 0 });
      return id;
    },

    /** @returns the size of the upload so far, in bytes */
    async append(repository: Repository, id: string, firstByte: number, part: Uint8Array): Promise<number> {
      const upload = uploadOf(repository, id);
      if (firstByte !== upload.size)
        throw awsError(
          "InvalidLayerPartException",
          `The layer part starts at byte ${firstByte}, and byte ${upload.size} is due.`,
        );
      await appendFile(upload.path, part);
      upload.size += part.byteLength;
      return upload.size;
    },

    async complete(repository: Repository, id: string, digest: string): Promise<Layer> {
      const upload = uploadOf(repository, id);
      if (upload.size === 0)
        throw awsError("EmptyUploadException", "The specified layer upload does not contain any layer parts.");
      const actual = sha256(await readFile(upload.path));
      if (actual !== digest)
        throw awsError("InvalidLayerException", `Layer digest '${actual}' does not match the one given, '${digest}'`);
      if (repository.layers.has(digest))
        throw awsError(
          "LayerAlreadyExistsException",
          `The layer with digest '${digest}' already exists in the repository with name '${repository.name}' in the registry with id '${repository.registryId}'`,
        );
      const layer = { digest, size: upload.size, path: path.join(directory, "layers", digest.replace(":", "-")) };
      await rename(upload.path, layer.path);
      uploads.delete(id);
      repository.layers.set(digest, layer);
      return layer;
    },
  };
}

export type Layers = ReturnType<typeof createLayers>;
