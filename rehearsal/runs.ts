import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** The default folder for all runs, which git ignores. */
export const RUNS = ".rehearsal";

/** Creates a run's folder in the folder for all runs. Its name contains the stack and this process. */
export async function createRun(folder: string, stack: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const run = await mkdtemp(path.join(folder, `${stack}-${process.pid}-`));
  // npm searches upwards for a package.json: a build whose repository has none would run slipway's own scripts.
  await writeFile(path.join(run, "package.json"), '{ "private": true }\n');
  return run;
}

/**
 * Removes the folders of ended runs. Folders of running processes belong to other rehearsals.
 * @param folder the ignored folder for all runs; need not exist
 */
export async function removeFormerRuns(folder: string, isRunning: (pid: number) => boolean = isProcess): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names) {
    const [, pid] = /-(\d+)-[^-]+$/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

/** Whether a process with this id is running. */
export function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
