import { linesOf, type Output, type Progress, seconds } from "./progress";

/**
 * Progress as plain lines, one per event, for logs and pipes: no escape codes, no rewriting.
 * @param now real milliseconds
 */
export function createLines(output: Output, now: () => number = () => performance.now()): Progress {
  const began = now();
  let stepBegan = began;
  let title = "";
  const line = (text: string) => output.write(`${seconds(now() - began).padStart(8)}  ${text}\n`);
  return {
    heading: (text) => {
      output.write("\n");
      line(text);
    },
    begin: (text) => {
      title = text;
      stepBegan = now();
      line(`  ${text} ...`);
    },
    note: (text) => line(`      ${text}`),
    // Activities are only for people watching: a log gets the results.
    activity: () => undefined,
    done(detail, excerpt) {
      line(`  ok: ${title}${detail === undefined ? "" : `: ${detail}`} (${seconds(now() - stepBegan)})`);
      // Without the time, for copying.
      for (const it of linesOf(excerpt)) output.write(`${" ".repeat(14)}${it}\n`);
    },
    failed: () => line(`  failed: ${title} (${seconds(now() - stepBegan)})`),
    say: (text) => output.write(`${text}\n`),
    close: () => undefined,
  };
}
