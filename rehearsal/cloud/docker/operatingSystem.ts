import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** An image's operating system, if it has fewer programs than this machine. */
export interface OperatingSystem {
  id: "alpine" | "debian-slim";
  /** Alpine's branch, `3.24`, if the image's tag names it. */
  version?: string | undefined;
}

const fileOf = (root: string): string => path.join(root, "etc/os-release");

/**
 * The system of an official `node` image, from its tag: `24-alpine3.24`, `24-bookworm-slim`. Undefined for the large
 * images, which are made for building and have everything this machine is expected to have.
 */
export function systemOfTag(tag: string): OperatingSystem | undefined {
  const alpine = /(?:^|-)alpine(\d+\.\d+)?$/.exec(tag);
  if (alpine !== null) return { id: "alpine", version: alpine[1] };
  return /(?:^|-)slim$/.test(tag) ? { id: "debian-slim" } : undefined;
}

/** Writes the file that identifies the system, as in a real image. Images built on this one inherit it. */
export function writeSystem(root: string, { id, version }: OperatingSystem): void {
  const file = fileOf(root);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `ID=${id}\n${version === undefined ? "" : `VERSION_ID=${version}\n`}`);
}

/** The system of an image, from its files; undefined if not stated or not one of these. */
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
