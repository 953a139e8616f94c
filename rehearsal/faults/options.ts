import { parseArgs } from "node:util";
import type { Choice } from "./choice";

export interface FaultsOptions extends Choice {
  help: boolean;
  resume: boolean;
  /** Number of webhook deliveries to generate. */
  webhooks: number;
}

export const help = `npm run faults -- [options]

Plays a push, a rollback, a deployment by HTTP, a promotion and a pull request under every fault that can be injected into
a recorded run of each, and checks after each that slipway's promises are kept. Then sends generated webhook deliveries.

  --only TEXT    only combinations whose name contains this, as 'push storefront-deploy' or 'ecs:UpdateService'
  --sample N     N of the combinations, which the seed chooses; 0 sends only webhook deliveries
  --seed N       the seed of the sample and of the webhook deliveries (1)
  --webhooks N   how many webhook deliveries are generated (100000; none with --only)
  --resume       go on where the last run ended
  --help         this text

Exit code: 0 nothing is broken; 1 something is, and how to play it again is printed; 2 the command line is wrong.
`;

const options = {
  help: { type: "boolean", short: "h" },
  only: { type: "string" },
  sample: { type: "string" },
  seed: { type: "string" },
  webhooks: { type: "string" },
  resume: { type: "boolean" },
} as const;

/** @throws Error in one line with the problem */
export function readOptions(argv: string[]): FaultsOptions {
  const { values } = parseArgs({ args: argv, options });
  const { help = false, resume = false, only } = values;
  return {
    help,
    resume,
    only,
    sample: values.sample === undefined ? undefined : wholeNumber("sample", values.sample),
    seed: wholeNumber("seed", values.seed ?? "1"),
    webhooks: wholeNumber("webhooks", values.webhooks ?? (only === undefined ? "100000" : "0")),
  };
}

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new Error(`--${name} is ${value}: give a whole number`);
  return Number(value);
}
