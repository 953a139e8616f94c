import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { Recording } from "./player";
import { type Combination, nameOf, type Result } from "./result";
import type { Answer, Request } from "./worker";

/** Processes that play deliveries in parallel. */
export interface Crew {
  record(deliveries: string[]): Promise<Recording[]>;
  /** @param done called after each, in order of completion */
  play(combinations: Combination[], recordings: Recording[], done: (result: Result) => Promise<void>): Promise<void>;
  close(): void;
}

export function createCrew(size: number): Crew {
  const workers = Array.from({ length: size }, () =>
    fork(path.join(__dirname, "worker.ts"), [], { execArgv: ["-r", "ts-node/register/transpile-only"] }),
  );

  /** Each worker takes tasks until none is left. */
  async function share<T>(tasks: T[], work: (worker: ChildProcess, task: T) => Promise<void>): Promise<void> {
    // A worker takes from one end: deliveries of the same kind share an account.
    const [front, back] = [() => tasks.shift(), () => tasks.pop()];
    await Promise.all(
      workers.map(async (worker, index) => {
        const next = index % 2 === 0 ? front : back;
        for (let task = next(); task !== undefined; task = next()) await work(worker, task);
      }),
    );
  }

  return {
    async record(deliveries) {
      const recordings: Recording[] = [];
      await share([...deliveries], async (worker, delivery) => {
        const answer = await ask(worker, { kind: "record", delivery });
        if (answer.kind === "recorded") recordings.push(answer.recording);
      });
      return recordings;
    },
    async play(combinations, recordings, done) {
      await share([...combinations], async (worker, combination) => {
        const recording = recordings.find(({ delivery }) => delivery === combination.delivery);
        if (recording === undefined) throw new Error(`${nameOf(combination)}: nothing is recorded of this delivery`);
        const answer = await ask(worker, { kind: "play", combination, recording });
        if (answer.kind === "played") await done(answer.result);
      });
    },
    close() {
      for (const worker of workers) worker.disconnect();
    },
  };
}

/** @throws the worker's error, or how it ended */
function ask(worker: ChildProcess, request: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) =>
      reject(new Error(`a process that plays deliveries ended with exit code ${code}`));
    worker.once("exit", ended);
    worker.once("message", (answer: Answer) => {
      worker.removeListener("exit", ended);
      if (answer.kind === "failed") reject(new Error(answer.message));
      else resolve(answer);
    });
    worker.send(request);
  });
}
