import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { isProcess } from "../../rehearsal/runs";

/** The tests create and remove 100,000 files. On a disk, that takes a tenth of the suite's CPU time. */
const MEMORY = "/dev/shm";

/** Bytes that must be free: the files take less than one gigabyte, and the tests' processes need the rest. */
const ENOUGH = 6 * 1024 ** 3;

const prefix = `slipway-tests-${process.pid}-`;

/**
 * Creates a folder for the temporary files of this run: in memory if there is enough of it, otherwise on the disk.
 * @param enough bytes
 */
export async function createTemporaryFolder(memory = MEMORY, enough = ENOUGH): Promise<string> {
  const place = (await isFit(memory, enough)) ? memory : tmpdir();
  await removeFormer(place);
  return mkdtemp(path.join(place, prefix));
}

/** Whether there is room for the files, and programs among them can be started: Docker mounts /dev/shm with noexec. */
async function isFit(folder: string, enough: number): Promise<boolean> {
  const probe = await mkdtemp(path.join(folder, prefix)).catch(() => undefined);
  if (probe === undefined) return false;
  try {
    const { bavail, bsize } = await statfs(probe);
    if (Math.min(bavail * bsize, process.availableMemory()) < enough) return false;
    const program = path.join(probe, "program");
    await writeFile(program, "#!/bin/sh\n", { mode: 0o700 });
    return await promisify(execFile)(program).then(
      () => true,
      () => false,
    );
  } finally {
    await rm(probe, { recursive: true });
  }
}

/** Removes what killed runs have left. */
async function removeFormer(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const [, pid] = /^slipway-tests-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isProcess(Number(pid)))
      await rm(path.join(place, name), { recursive: true, force: true });
  }
}
