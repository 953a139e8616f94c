import { readdirSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { fromBufferPromise } from "yauzl";
import { packageFolders } from "../../infra/packages";

/** All files of packages and of what they depend on, from the project's root. */
export const filesOf = (packages: string[]): string[] =>
  Object.keys(packageFolders(packages)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );

/** A repository as GitHub archives it. */
export async function tarGz(files: Record<string, Buffer | string>): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: "storefront-0123456/", type: "directory" });
  for (const [name, content] of Object.entries(files)) {
    tar.entry({ name: `storefront-0123456/${name}`, mode: 0o755 }, content);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) {
    chunks.push(chunk);
  }
  return gzipSync(Buffer.concat(chunks), { level: 1 });
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
