import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** The ignored folder that all runs write to, and nothing else is written. */
export const RUNS = ".rehearsal";

/** The name that a run's folder begins with: the stack, and the process that it belongs to. */
const runPrefix = (stack: string): string => `${stack}-${process.pid}-`;

/** Makes the folder of a run, in the ignored folder that holds all runs. */
export async function createRun(folder: string, stack: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const run = await mkdtemp(path.join(folder, runPrefix(stack)));
  // npm looks for a package.json upwards: a build whose repository has none would run slipway's own scripts.
  await writeFile(path.join(run, "package.json"), '{ "private": true }\n');
  return run;
}

/**
 * Removes the folders of runs that ended. Those of a process that still runs are another rehearsal's.
 * @param folder the ignored folder that holds all runs; need not be there
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

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is one, and it is somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
