import type { Sweep } from "./sweep";

/** Results of generated deliveries, with the first wrong responses. */
export function reportSweep({ statuses, genuine, queued, messages, mistakes, mistaken }: Sweep): string {
  const all = Object.values(statuses).reduce((sum, it) => sum + it, 0);
  const answers = Object.entries(statuses).map(([status, number]) => `${number} × ${status}`);
  return [
    `  ${all} answered: ${answers.join(", ")}`,
    `  ${genuine} had the right secret; ${queued} of them were pushes to tracked branches, in ${messages} messages`,
    `  ${mistaken} accepted without the secret, answered with 5xx, or not answered`,
    ...mistakes.map((it) => `  Broken: ${it}`),
  ].join("\n");
}
