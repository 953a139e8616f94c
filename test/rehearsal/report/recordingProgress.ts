import type { Progress } from "../../../rehearsal/report/progress";
import { silent } from "../../../rehearsal/report/silent";

/** Keeps every line that a person would be shown. */
export function recording(said: string[]): Progress {
  const keep = (...texts: (string | undefined)[]) => {
    for (const text of texts) if (text !== undefined) said.push(text);
  };
  return { ...silent, heading: keep, begin: keep, note: keep, activity: keep, done: keep, say: keep };
}
