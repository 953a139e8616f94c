/** The process in which `npm run faults` plays deliveries. It answers each request with one message, in order. */
import { createPlayer, type Recording } from "./player";
import type { Combination, Result } from "./result";

export type Request =
  | { kind: "record"; delivery: string }
  | { kind: "play"; combination: Combination; recording: Recording };

export type Answer =
  | { kind: "recorded"; recording: Recording }
  | { kind: "played"; result: Result }
  | { kind: "failed"; message: string };

const player = createPlayer();

async function answer(request: Request): Promise<Answer> {
  try {
    return request.kind === "record"
      ? { kind: "recorded", recording: await player.record(request.delivery) }
      : { kind: "played", result: await player.play(request.combination, request.recording) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on("message", (request: Request) => {
  void answer(request).then((it) => process.send?.(it));
});
// The rest of the account ends with this process.
process.on("disconnect", () => void player.close().finally(() => process.exit()));
