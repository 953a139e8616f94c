import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Those that take longest come first: a worker that began one last would keep everybody waiting. Scenarios wait for simulated
 * time now and then: of their three files, two run at once, and the third worker has other tests.
 */
const FIRST = [
  /^test\/rehearsal\/scenarios\/(scenarios|pullRequests)/,
  /^test\/images\//,
  /^test\/rehearsal\/scenarios\/elsewhere/,
  /^test\/rehearsal\/faultInjection/,
  /^test\/callbacks\/poll/,
];

/** The test files of a folder, or the file itself, relative to the project. */
export async function testsOf(root: string, name: string): Promise<string[]> {
  const relative = path.relative(root, path.resolve(root, name));
  if (!(await stat(path.join(root, relative))).isDirectory()) return [relative];
  const files = await readdir(path.join(root, relative), { recursive: true });
  return files
    .filter((file) => file.endsWith(".test.ts"))
    .sort()
    .map((file) => path.join(relative, file));
}

/** Every test file, in the order in which workers take them. */
export async function allTests(root: string): Promise<string[]> {
  const rank = (file: string) => {
    const place = FIRST.findIndex((pattern) => pattern.test(file));
    return place === -1 ? FIRST.length : place;
  };
  return (await testsOf(root, "test")).sort((a, b) => rank(a) - rank(b));
}
