/**
 * The process that handles generated webhook deliveries. It loads the function from its archive, and its environment is
 * only the function's. It responds with the mistakes found.
 */
import { createRandom } from "../../random";
import { generateDelivery } from "./generate";
import { createJudge, type SweepResult } from "./judge";
import type { Target } from "./target";

export interface SweepRequest {
  /** Path of the module with the handler. */
  module: string;
  targets: Target[];
  seed: number;
  count: number;
}

export type SweepMessage = { kind: "done"; number: number } | { kind: "result"; result: SweepResult };

type Handler = (event: unknown) => Promise<unknown>;

async function sweep({ module, targets, seed, count }: SweepRequest): Promise<SweepResult> {
  const { handler } = require(module) as { handler: Handler };
  const random = createRandom(seed);
  const judge = createJudge();
  for (let number = 1; number <= count; number += 1) {
    const delivery = generateDelivery(targets, random);
    try {
      judge.answered(number, delivery, await handler(delivery.event));
    } catch (error) {
      judge.threw(number, delivery, error);
    }
    if (number % 5_000 === 0) process.send?.({ kind: "done", number } satisfies SweepMessage);
  }
  return judge.result();
}

process.on("message", (request: SweepRequest) => {
  void sweep(request).then((result) => process.send?.({ kind: "result", result } satisfies SweepMessage));
});
