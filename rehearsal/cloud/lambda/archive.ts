import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Archive, Asset } from "../../propertyValue";

// Pulumi resolves relative paths of assets against the project's folder.
const PROJECT = path.resolve(__dirname, "../../..");

/** What was unpacked: a folder, and the SHA-256 (base64) and size in bytes of its files. */
export interface Unpacked {
  directory: string;
  codeSha256: string;
  size: number;
}

/**
 * Unpacks an archive as the program declared it.
 * @throws for an archive that is a file: the program makes them of assets and folders
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
  // Node names modules by their real path, and on macOS the temporary folder is a link.
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
