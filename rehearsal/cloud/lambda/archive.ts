import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Archive, Asset } from "../../propertyValue";

// Pulumi resolves relative asset paths against the project's folder.
const PROJECT = path.resolve(__dirname, "../../..");

/** An unpacked archive: a folder, and the SHA-256 (base64) and size in bytes of its files. */
export interface Unpacked {
  directory: string;
  codeSha256: string;
  size: number;
}

/**
 * Unpacks a declared archive.
 * @throws for an archive from a file: the program builds them from assets and folders
 */
export async function unpack(archive: Archive, directory: string): Promise<Unpacked> {
  await mkdir(directory, { recursive: true });
  await writeArchive(archive, directory);
  const hash = createHash("sha256");
  let size = 0;
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((it) => it.isFile()).map((it) => path.join(it.parentPath, it.name));
  for (const file of files.sort()) {
    const content = await readFile(file);
    hash.update(path.relative(directory, file)).update(content);
    size += content.length;
  }
  // Node identifies modules by their real path, and on macOS the temporary folder is a link.
  return { directory: await realpath(directory), codeSha256: hash.digest("base64"), size };
}

async function writeArchive(archive: Archive, target: string): Promise<void> {
  if ("path" in archive) {
    const source = path.resolve(PROJECT, archive.path);
    if (!(await stat(source)).isDirectory())
      throw new Error(`The archive ${archive.path} is a file, which is not simulated: give a folder, or named assets.`);
    await cp(source, target, { recursive: true, dereference: true });
    return;
  }
  for (const [name, entry] of Object.entries(archive.assets)) await writeEntry(entry, path.join(target, name));
}

async function writeEntry(entry: Asset | Archive, target: string): Promise<void> {
  if (entry.kind === "archive") {
    await mkdir(target, { recursive: true });
    await writeArchive(entry, target);
    return;
  }
  await mkdir(path.dirname(target), { recursive: true });
  if ("text" in entry) await writeFile(target, entry.text);
  else await cp(path.resolve(PROJECT, entry.path), target);
}
