import { createServer, type IncomingMessage } from "node:http";
import path from "node:path";
import { json } from "node:stream/consumers";
import type { ProgramRun } from "../../rehearsal/program";
import { SCENARIO_STACKS } from "../../rehearsal/stacks";
import { createEvaluations, type StackRequest } from "./evaluations";
import { createHosts } from "./hosts";

const ROOT = path.resolve(__dirname, "../..");

/**
 * Evaluates programs for mocha's workers, on a local socket:
 * - `POST /stack` with a StackRequest: its program, or `{ error }`
 * - `POST /run` with a ProgramRun: runs it against the worker's own resource monitor
 */
export async function serveEvaluations(socket: string): Promise<{ close(): Promise<void> }> {
  const hosts = createHosts(ROOT);
  const evaluations = createEvaluations(ROOT, hosts, { stackFiles: SCENARIO_STACKS });

  async function answer(request: IncomingMessage): Promise<object> {
    const body = await json(request);
    if (request.url === "/run") return hosts.run(body as ProgramRun);
    return evaluations.program(body as StackRequest).then(
      (program) => ({ program }),
      (error: Error) => ({ error: error.message }),
    );
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error) => response.destroy(error),
    );
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    async close() {
      await hosts.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
