import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Calls back for each line. A connection that is reset has ended, as one that is closed has. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream })
    .on("line", onLine)
    .on("error", () => {});
}
