import { readFile } from "node:fs/promises";
import type { FileTimes } from "./times";

const SHOWN = 20;

/** The slowest files and tests. @param times the file that the workers have written */
export async function slowest(times: string): Promise<string> {
  const files: FileTimes[] = (await readFile(times, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const tests = files.flatMap(({ file, tests }) =>
    tests.map(({ title, took }) => ({ name: `${file}: ${title}`, took })),
  );
  return [
    `\nThe ${SHOWN} slowest files, hooks included:`,
    ...rows(files.map(({ file, took }) => ({ name: file, took }))),
    `\nThe ${SHOWN} slowest tests:`,
    ...rows(tests),
  ].join("\n");
}

const rows = (all: { name: string; took: number }[]): string[] =>
  all
    .sort((a, b) => b.took - a.took)
    .slice(0, SHOWN)
    .map(({ name, took }) => `${(took / 1000).toFixed(1).padStart(8)} s  ${name}`);
