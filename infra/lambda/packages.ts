import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";

const ROOT = "node_modules";

/**
 * The folders of npm packages and all their dependencies, as entries of a Lambda archive. Paths are relative to the
 * project: absolute ones would differ between computers and cause updates.
 * @param names direct dependencies of the project
 * @throws Error if a package is not installed
 */
export function packageFolders(names: string[]): pulumi.asset.AssetMap {
  const folders = new Set<string>();
  const pending = names.map((name) => path.posix.join(ROOT, name));
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (folders.has(folder)) continue;
    folders.add(folder);
    pending.push(...dependencies(folder));
  }
  // A package nested in another one's node_modules is already included with that folder.
  const entries = [...folders].filter((folder) => folder.lastIndexOf(ROOT) === 0).sort();
  return Object.fromEntries(entries.map((folder) => [folder, new pulumi.asset.FileArchive(folder)]));
}

function dependencies(folder: string): string[] {
  const manifest: { dependencies?: Record<string, string> } = JSON.parse(
    readFileSync(path.posix.join(folder, "package.json"), "utf8"),
  );
  return Object.keys(manifest.dependencies ?? {}).map((name) => {
    const nested = path.posix.join(folder, ROOT, name);
    return existsSync(nested) ? nested : path.posix.join(ROOT, name);
  });
}
