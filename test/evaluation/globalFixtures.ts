import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { unfitNode } from "../../rehearsal/nodeVersion";

/** The environment variable by which mocha's workers find the evaluations. */
export const SOCKET = "SLIPWAY_TEST_EVALUATIONS";

/** The environment variable with the folder for the runs of rehearsals. */
export const RUNS_FOLDER = "SLIPWAY_TEST_RUNS";

let close: (() => Promise<void>) | undefined;

/** Mocha runs this once, in its own process, before it starts its workers. */
export async function mochaGlobalSetup(): Promise<void> {
  const unfit = unfitNode();
  if (unfit !== undefined) {
    process.stderr.write(`${unfit}\n`);
    process.exit(2);
  }
  // Workers load this file too, and need nothing of the server.
  const { serveEvaluations } = await import("./server");
  const folder = await mkdtemp(path.join(tmpdir(), "slipway-"));
  const socket = path.join(folder, "socket");
  const server = await serveEvaluations(socket);
  process.env[SOCKET] = socket;
  close = async () => {
    await server.close();
    await rm(folder, { recursive: true });
  };
}

export async function mochaGlobalTeardown(): Promise<void> {
  await close?.();
}
