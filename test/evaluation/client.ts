import { request } from "node:http";
import { json } from "node:stream/consumers";
import type { LanguageHost, Program } from "../../rehearsal/program";
import { SCENARIO_STACKS } from "../../rehearsal/stacks";
import type { StackRequest } from "./evaluations";
import { RUNS_FOLDER, SOCKET } from "./globalFixtures";

/** The program of a stack against the tests' provider: from the cache, or evaluated now. */
export async function evaluatedStack(stack: StackRequest): Promise<Program> {
  const answer = await ask<{ program: Program } | { error: string }>("/stack", stack);
  if ("error" in answer) throw new Error(answer.error);
  return answer.program;
}

/** A language host that has loaded Pulumi's packages before. It cannot be ended early. */
const warmLanguageHost: LanguageHost = ({ signal: _, ...run }) => ask("/run", run);

/** Options of a rehearsal in a test: what makes it cheaper and proves the same. */
export const TEST_OPTIONS = {
  host: warmLanguageHost,
  stackFiles: SCENARIO_STACKS,
  // Set by the runner, which removes the folder.
  ...(process.env[RUNS_FOLDER] !== undefined && { runs: process.env[RUNS_FOLDER] }),
};

function ask<A>(path: string, body: object): Promise<A> {
  const socketPath = process.env[SOCKET];
  if (socketPath === undefined) throw new Error(`${SOCKET} is not set: run the tests by mocha with .mocharc.json.`);
  return new Promise((resolve, reject) => {
    request({ socketPath, path, method: "POST", agent: false }, (response) => {
      json(response).then((answer) => resolve(answer as A), reject);
    })
      .once("error", reject)
      .end(JSON.stringify(body));
  });
}
