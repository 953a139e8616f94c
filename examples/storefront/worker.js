const { setTimeout: wait } = require("node:timers/promises");
const { version } = require("./package.json");

const seconds = Number(process.env.INTERVAL_SECONDS ?? 30);

const log = (entry) => console.log(JSON.stringify({ time: new Date().toISOString(), version, ...entry }));

// ECS stops a task with SIGTERM, and with SIGKILL 30 seconds later: no round is begun after it.
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());

async function work() {
  log({ level: "info", message: "working", seconds });
  for (let round = 1; !stopping.signal.aborted; round++) {
    log({ level: "info", message: "looked for orders", round });
    await wait(seconds * 1000, undefined, { signal: stopping.signal }).catch((error) => {
      if (error.name !== "AbortError") throw error;
    });
  }
  log({ level: "info", message: "stopped" });
}

work();
