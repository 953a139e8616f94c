import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Copies a folder's content with its links as they are. By the system's `cp`: Node's own takes seven times the CPU, and an
 * image with npm packages has 1,600 files, which every container gets.
 * @param to made where it is not there yet
 * @throws with what `cp` says
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run("cp", ["-a", `${from}${path.sep}.`, to]);
}
