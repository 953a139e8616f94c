import type { GeneratedDelivery } from "./generate";

/** The results of generated deliveries. */
export interface SweepResult {
  /** Number of responses per status. */
  statuses: Record<number, number>;
  genuine: number;
  /** Genuine deliveries that were enqueued. */
  queued: number;
  /** The first deliveries with a wrong response, with their numbers. */
  mistakes: string[];
  /** Total number of wrong responses. */
  mistaken: number;
}

const SHOWN = 20;

/** The only allowed responses to senders without a valid secret. */
const REFUSALS = new Set([400, 401, 404, 413, 415]);

export function createJudge() {
  const result: SweepResult = { statuses: {}, genuine: 0, queued: 0, mistakes: [], mistaken: 0 };

  function mistake(number: number, { what }: GeneratedDelivery, problem: string): void {
    result.mistaken += 1;
    if (result.mistakes.length < SHOWN) result.mistakes.push(`delivery ${number} (${what}): ${problem}`);
  }

  return {
    answered(number: number, delivery: GeneratedDelivery, answer: unknown): void {
      const { statusCode, body } = (answer ?? {}) as { statusCode?: unknown; body?: unknown };
      const status = typeof statusCode === "number" && Number.isInteger(statusCode) ? statusCode : 0;
      result.statuses[status] = (result.statuses[status] ?? 0) + 1;
      if (delivery.genuine) result.genuine += 1;
      if (status < 200 || status >= 500) mistake(number, delivery, `answered with ${statusCode}: ${body}`);
      else if (!delivery.genuine && !REFUSALS.has(status))
        mistake(number, delivery, `accepted with ${status}, although it proves nothing`);
      else if (status === 202 && String(body).includes('"outcome":"queued"')) result.queued += 1;
    },
    threw(number: number, delivery: GeneratedDelivery, error: unknown): void {
      mistake(
        number,
        delivery,
        `the function threw ${error instanceof Error ? (error.stack ?? error.message) : error}`,
      );
    },
    result: () => result,
  };
}
