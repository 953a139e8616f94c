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
 * Downloads the source artifact under the build's role, and unpacks it with modes and symbolic links. AWS documents
 * s3:GetObject and s3:GetObjectVersion for the role; the second is needed to read from a versioned bucket.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
 * @param location `bucket/key`, as CodePipeline passes it
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

/** @throws AwsError CLIENT_ERROR if the file is not a zip archive */
export async function unpack(archive: string, directory: string): Promise<void> {
  let zip: ZipFile;
  try {
    // Keep names as bytes: on Linux a backslash is not a separator, and names may have any encoding.
    zip = await openPromise(archive, { decodeStrings: false });
  } catch (error) {
    throw awsError("CLIENT_ERROR", `The source artifact is no zip archive: ${(error as Error).message}`);
  }
  const links: { place: string; target: Buffer }[] = [];
  for await (const entry of zip.eachEntry()) {
    const mode = entry.externalFileAttributes >>> 16;
    const place = placeOf(directory, entry);
    if (place.endsWith("/")) await mkdir(bytes(place), { recursive: true });
    else if ((mode & typeMask) === symbolicLink) links.push({ place, target: await buffer(await read(zip, entry)) });
    else await unpackFile(zip, entry, place, mode & 0o777);
  }
  // Create links last, so that no file is written through one.
  for (const { place, target } of links) {
    await mkdir(bytes(path.posix.dirname(place)), { recursive: true });
    await symlink(target, bytes(place));
  }
}

/** The path of an entry, with one character per byte. */
function placeOf(directory: string, { fileNameRaw }: Entry): string {
  const name = fileNameRaw.toString("latin1");
  if (name.startsWith("/") || name.split("/").includes(".."))
    throw awsError(
      "CLIENT_ERROR",
      `The source artifact has the entry ${name}, which leads out of the source's folder.`,
    );
  return `${Buffer.from(directory).toString("latin1")}/${name}`;
}

const bytes = (place: string): Buffer => Buffer.from(place, "latin1");

async function unpackFile(zip: ZipFile, entry: Entry, place: string, mode: number): Promise<void> {
  await mkdir(bytes(path.posix.dirname(place)), { recursive: true });
  const file = bytes(place);
  await pipeline(await read(zip, entry), createWriteStream(file));
  // Archives not made on Unix have no mode.
  await chmod(file, mode === 0 ? 0o644 : mode);
}

function read(zip: ZipFile, entry: Entry): Promise<Readable> {
  return zip.openReadStreamPromise(entry);
}
