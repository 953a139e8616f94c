import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Copies a folder's content and preserves links. Uses the system's `cp`: Node's own needs seven times the CPU, and an
 * image with npm packages has 1,600 files, which are copied for every container.
 * @param to created if missing
 * @throws with the output of `cp`
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run("cp", ["-a", `${from}${path.sep}.`, to]);
}
