import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import { patternOf } from "../docker/patterns";
import type { PutObjectInput, PutObjectOutput } from "../s3/shapes";
import { awsError, type Cloud, type Principal } from "../service";
import type { ArtifactsSpec } from "./buildspec";

/**
 * Zips the buildspec's artifacts and uploads them under the build's role.
 * @param directory CODEBUILD_SRC_DIR. The base directory is relative to it, wherever the commands ended.
 * @throws AwsError CLIENT_ERROR if nothing matches
 */
export async function uploadArtifacts(
  cloud: Cloud,
  role: Principal,
  spec: ArtifactsSpec,
  directory: string,
  archive: string,
  target: { bucket: string; key: string },
): Promise<void> {
  const base = path.resolve(directory, spec.baseDirectory);
  if (!existsSync(base))
    throw awsError("CLIENT_ERROR", `no matching base directory path found for ${spec.baseDirectory}`);
  const files = await matchingFiles(base, spec);
  if (files.length === 0) throw awsError("CLIENT_ERROR", "no matching artifact paths found");
  const zip = new ZipFile();
  for (const file of files) zip.addFile(path.join(base, file), spec.discardPaths ? path.basename(file) : file);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(archive));
  const Body = createReadStream(archive);
  try {
    const input = { Bucket: target.bucket, Key: target.key, Body };
    await cloud.call<PutObjectInput, PutObjectOutput>(role, "s3", "PutObject", input);
  } finally {
    // A denied call does not read the body.
    Body.destroy();
  }
}

/** File paths relative to the base directory, sorted. Patterns match a folder's content, not the folder. */
export async function matchingFiles(base: string, { files, excludePaths }: ArtifactsSpec): Promise<string[]> {
  const [wanted, excluded] = [files, excludePaths].map((list) => list.map((it) => patternOf(path.posix.normalize(it))));
  const found: string[] = [];
  for (const name of await readdir(base, { recursive: true }))
    if (wanted?.some((it) => it.test(name)) && !excluded?.some((it) => it.test(name)))
      if ((await stat(path.join(base, name))).isFile()) found.push(name);
  return found.sort();
}
