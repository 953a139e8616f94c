import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { isProcess } from "../../rehearsal/runs";

/** The tests create and remove 100,000 files. On a disk, that takes a tenth of the suite's CPU time. */
const MEMORY = "/dev/shm";

/** Bytes that must be free: the files take less than one gigabyte, and the tests' processes need the rest. */
const ENOUGH = 6 * 1024 ** 3;

/** Short: a socket's path in it may have about 100 characters. */
const prefix = `slipway-${process.pid}-`;

/** Milliseconds until the folder of a process that is unknown here may be removed: it may run in another container. */
const OLD = 3_600_000;

/**
 * Creates a folder for the temporary files of this run: in memory if there is enough of it, otherwise on the disk.
 * @param enough bytes
 */
export async function createTemporaryFolder(memory = MEMORY, enough = ENOUGH): Promise<string> {
  const parent = (await isUsable(memory, enough)) ? memory : tmpdir();
  await removeLeftovers(parent);
  return mkdtemp(path.join(parent, prefix));
}

/** Whether there is room for the files, and programs among them can be started: Docker mounts /dev/shm with noexec. */
async function isUsable(folder: string, enough: number): Promise<boolean> {
  const probe = await mkdtemp(path.join(folder, prefix)).catch(() => undefined);
  if (probe === undefined) return false;
  try {
    const { bavail, bsize } = await statfs(probe);
    if (Math.min(bavail * bsize, process.availableMemory()) < enough) return false;
    const program = path.join(probe, "program");
    await writeFile(program, "#!/bin/sh\n", { mode: 0o700 });
    await promisify(execFile)(program);
    return true;
  } catch {
    // Whatever is wrong with it, the disk will do.
    return false;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

/** Removes what killed runs of this user have left. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid] = /^slipway-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isProcess(Number(pid))) continue;
    const folder = path.join(parent, name);
    const found = await stat(folder).catch(() => undefined);
    if (found?.uid === process.getuid?.() && Date.now() - Number(found?.mtimeMs) > OLD)
      await rm(folder, { recursive: true, force: true });
  }
}
