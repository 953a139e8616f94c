import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import type { Archive, Asset } from "../../rehearsal/propertyValue";
import { withProgram } from "./evaluation";

const KIB = 1024;

/** Bytes that Lambda would be sent for each function, deflated. */
export async function archiveSizes(root: string): Promise<string[]> {
  const dev = await withProgram(root, "dev", "us-east-1");
  // The one with a function that dev has not: poll.
  const beijing = await withProgram(root, "cn-north-1", "cn-north-1");
  const functions = new Map(
    [...dev.registrations, ...beijing.registrations]
      .filter((it) => it.type === "aws:lambda/function:Function")
      .map(({ name, inputs }) => [name, inputs]),
  );
  return Promise.all(
    [...functions].map(async ([name, inputs]) => {
      const zip = new ZipFile();
      const code = inputs.code as Archive;
      await add(zip, "", code, root);
      zip.end();
      const bytes = (await buffer(zip.outputStream)).length;
      const limit = bringsPackages(code) ? 512 : 64;
      return `${name}: ${(bytes / KIB).toFixed(1)} KiB, ratio ${(bytes / KIB / limit).toFixed(2)} to its limit of ${limit} KiB`;
    }),
  );
}

const bringsPackages = (code: Archive): boolean =>
  "assets" in code && Object.keys(code.assets).some((name) => name.startsWith("node_modules/"));

async function add(zip: ZipFile, name: string, entry: Archive | Asset, root: string): Promise<void> {
  if ("text" in entry) zip.addBuffer(Buffer.from(entry.text), name);
  else if ("path" in entry) await addPath(zip, name, path.resolve(root, entry.path));
  else
    for (const [child, content] of Object.entries(entry.assets))
      await add(zip, path.posix.join(name, child), content, root);
}

async function addPath(zip: ZipFile, name: string, from: string): Promise<void> {
  if (!(await stat(from)).isDirectory()) {
    zip.addBuffer(await readFile(from), name);
    return;
  }
  for (const child of await readdir(from)) await addPath(zip, path.posix.join(name, child), path.join(from, child));
}
