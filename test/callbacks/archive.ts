import { readdirSync } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { fromBufferPromise } from "yauzl";
import { ZipFile } from "yazl";
import { packageFolders } from "../../infra/lambda/packages";

/** All files of packages and of what they depend on, from the project's root. */
export const filesOf = (packages: string[]): string[] =>
  Object.keys(packageFolders(packages)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );

/** A repository as forges archive it. */
export async function zipball(files: Record<string, Buffer | string>): Promise<Buffer> {
  const zip = new ZipFile();
  zip.addEmptyDirectory("storefront-0123456/");
  for (const [name, content] of Object.entries(files)) {
    zip.addBuffer(Buffer.from(content), `storefront-0123456/${name}`, { mode: 0o100755, compressionLevel: 1 });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** The contents of a zip's entries, by name. */
export async function entriesOf(zip: Buffer): Promise<Record<string, string>> {
  const file = await fromBufferPromise(zip, { lazyEntries: true });
  const found: Record<string, string> = {};
  for await (const entry of file.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await file.openReadStreamPromise(entry)) {
      chunks.push(chunk);
    }
    found[entry.fileName] = Buffer.concat(chunks).toString();
  }
  return found;
}
