import { createWriteStream } from "node:fs";
import { chmod, mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import type { GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput } from "../s3/shapes";
import { awsError, type Cloud, type Principal } from "../service";

const typeMask = 0o170000;
const symbolicLink = 0o120000;

/**
 * Downloads the source artifact under the build's role, and unpacks it with its modes and symbolic links. AWS documents
 * s3:GetObject and s3:GetObjectVersion for the role; the second is what reading from a versioned bucket takes.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
 * @param location `bucket/key`, as CodePipeline passes it on.
 */
export async function downloadSource(
  cloud: Cloud,
  role: Principal,
  location: string,
  archive: string,
  directory: string,
): Promise<void> {
  const [Bucket, ...key] = location.split("/");
  const input = { Bucket, Key: key.join("/") };
  const { VersionId } = await cloud.call<HeadObjectInput, HeadObjectOutput>(role, "s3", "HeadObject", input);
  const version = { ...input, VersionId };
  const { Body } = await cloud.call<GetObjectInput, GetObjectOutput>(role, "s3", "GetObject", version);
  await pipeline(Body, createWriteStream(archive));
  await unpack(archive, directory);
}

/** @throws AwsError CLIENT_ERROR where the file is no zip archive */
export async function unpack(archive: string, directory: string): Promise<void> {
  let zip: ZipFile;
  try {
    // Names that are absolute or climb out of the folder are refused by the library.
    zip = await openPromise(archive, { lazyEntries: true });
  } catch (error) {
    throw awsError("CLIENT_ERROR", `The source artifact is no zip archive: ${(error as Error).message}`);
  }
  const links: { name: string; target: string }[] = [];
  for await (const entry of zip.eachEntry()) {
    const mode = entry.externalFileAttributes >>> 16;
    if (entry.fileName.endsWith("/")) await mkdir(path.join(directory, entry.fileName), { recursive: true });
    else if ((mode & typeMask) === symbolicLink)
      links.push({ name: entry.fileName, target: (await buffer(await read(zip, entry))).toString() });
    else await unpackFile(zip, entry, path.join(directory, entry.fileName), mode & 0o777);
  }
  // Links come last, so that no file is written through one.
  for (const { name, target } of links) {
    const link = path.join(directory, name);
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(target, link);
  }
}

async function unpackFile(zip: ZipFile, entry: Entry, file: string, mode: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await pipeline(await read(zip, entry), createWriteStream(file));
  // An archive made elsewhere than on Unix says no mode.
  await chmod(file, mode === 0 ? 0o644 : mode);
}

function read(zip: ZipFile, entry: Entry): Promise<Readable> {
  return zip.openReadStreamPromise(entry);
}
