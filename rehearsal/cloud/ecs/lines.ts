import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Calls back for each line. A reset connection counts as ended, like a closed one. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream })
    .on("line", onLine)
    .on("error", () => {});
}
