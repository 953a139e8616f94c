import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { RUNS } from "../runs";
import { nameOf, type Result } from "./result";

/** Results of a run that can be resumed. */
export interface KeptResults {
  results: Result[];
  keep(result: Result): Promise<void>;
}

/** @param resume whether to keep the previous run's results; otherwise they are dropped */
export async function openResults(resume: boolean, root = path.resolve(__dirname, "../..")): Promise<KeptResults> {
  const folder = path.join(root, RUNS, "faults");
  const file = path.join(folder, "results.jsonl");
  await mkdir(folder, { recursive: true });
  if (!resume) await writeFile(file, "");
  return {
    results: resume ? await readResults(file) : [],
    keep: (result) => appendFile(file, `${JSON.stringify(result)}\n`),
  };
}

/** The latest result of each combination. */
async function readResults(file: string): Promise<Result[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const results = text.split("\n").flatMap((line): Result[] => {
    try {
      return [JSON.parse(line)];
    } catch {
      // A killed run may have left a partial line.
      return [];
    }
  });
  return [...new Map(results.map((it) => [nameOf(it), it])).values()];
}
