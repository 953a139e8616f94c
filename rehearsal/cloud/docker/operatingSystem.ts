import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What an image is built on, where it has fewer programs than this computer. */
export interface OperatingSystem {
  id: "alpine" | "debian-slim";
  /** Of Alpine's branch, `3.24`, where the image's tag names it. */
  version?: string | undefined;
}

const fileOf = (root: string): string => path.join(root, "etc/os-release");

/**
 * The system of an official `node` image, by its tag: `24-alpine3.24`, `24-bookworm-slim`. Undefined for the large images,
 * which are made for building and have all that this computer is expected to have.
 */
export function systemOfTag(tag: string): OperatingSystem | undefined {
  const alpine = /(?:^|-)alpine(\d+\.\d+)?$/.exec(tag);
  if (alpine !== null) return { id: "alpine", version: alpine[1] };
  return /(?:^|-)slim$/.test(tag) ? { id: "debian-slim" } : undefined;
}

/** Writes the file that says it in a real image too; so it is in every image that is built on this one. */
export function writeSystem(root: string, { id, version }: OperatingSystem): void {
  const file = fileOf(root);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `ID=${id}\n${version === undefined ? "" : `VERSION_ID=${version}\n`}`);
}

/** The system of the image whose files these are; undefined where it is not said, or is another one. */
export function systemOf(root: string): OperatingSystem | undefined {
  const values = Object.fromEntries(
    readIfThere(fileOf(root))
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const { ID: id, VERSION_ID: version } = values;
  return id === "alpine" || id === "debian-slim" ? { id, version } : undefined;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
