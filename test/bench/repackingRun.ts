// One copy of an archive from a forge into a bucket, as fetch makes it or unchanged: prints what it took.
import { S3Client } from "@aws-sdk/client-s3";
import { archiveOf } from "../../handlers/fetch/archive";
import { spool } from "../../handlers/fetch/spool";
import { upload } from "../../handlers/fetch/upload";
import { clientSettings } from "../../handlers/shared/clientSettings";

/** Milliseconds, and bytes. */
export interface Taken {
  cpu: number;
  wall: number;
  peak: number;
  stored: number;
}

const destination = { bucket: "archives", key: "storefront/source.zip", contentType: "application/zip", metadata: {} };
const fallback = { path: "buildspec.yml", content: "version: 0.2\n" };

async function main([mode = "", url = "", archive = ""]: string[]): Promise<void> {
  const { signal } = new AbortController();
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  const s3 = new S3Client({
    ...clientSettings(1, 60),
    region: "us-east-1",
    endpoint: url,
    forcePathStyle: true,
    credentials,
  });
  const began = performance.now();
  const before = process.cpuUsage();
  const { body } = await fetch(`${url}/${archive}`);
  if (body === null) throw new Error(`${url}/${archive} has no content.`);
  const size =
    mode === "fetch" ? await repack(s3, body, signal) : (await upload(s3, destination, unchanged(body), signal)).size;
  const { user, system } = process.cpuUsage(before);
  const wall = performance.now() - began;
  const taken: Taken = {
    cpu: (user + system) / 1_000,
    wall,
    peak: process.resourceUsage().maxRSS * 1024,
    stored: size,
  };
  console.log(JSON.stringify(taken));
}

async function repack(s3: S3Client, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  const downloaded = await spool(body);
  try {
    return (await upload(s3, destination, archiveOf(downloaded, fallback, signal), signal)).size;
  } finally {
    await downloaded.close();
  }
}

async function* unchanged(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const { buffer, byteOffset, length } of body) yield Buffer.from(buffer, byteOffset, length);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
