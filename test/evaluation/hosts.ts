import type { ProgramRun } from "../../rehearsal/program";
import { createWarmHost, type HostAnswer } from "./warmHost";

export interface Hosts {
  /** Runs the program in a host that is free. */
  run(run: ProgramRun): Promise<HostAnswer>;
  close(): Promise<void>;
}

/** Of the tests' workers, rarely more than two evaluate at once; a host takes half a gigabyte. */
const NUMBER = 2;

export function createHosts(root: string): Hosts {
  const hosts = Array.from({ length: NUMBER }, () => createWarmHost(root));
  const free = [...hosts];
  const waiting: ((host: (typeof hosts)[number]) => void)[] = [];

  async function take() {
    // The most recently used host: the second is started only if both are needed.
    return free.pop() ?? new Promise<(typeof hosts)[number]>((resolve) => waiting.push(resolve));
  }

  return {
    async run(run) {
      const host = await take();
      try {
        return await host.run(run);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free.push(host);
        else next(host);
      }
    },
    async close() {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
