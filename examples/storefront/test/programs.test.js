const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { createInterface } = require("node:readline");
const { test } = require("node:test");
const { version } = require("../package.json");

/** Runs a program of the image; resolves with its exit code and what it logged, but for the time. */
async function run(args, onEntry = () => {}) {
  const child = spawn(process.execPath, args, {
    cwd: path.join(__dirname, ".."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const entries = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { time, ...entry } = JSON.parse(line);
    assert.match(time, /^\d{4}-\d\d-\d\dT/);
    entries.push(entry);
    onEntry(entry, child);
  });
  const [code] = await once(child, "close");
  return { code, entries };
}

const info = (entry) => ({ version, level: "info", ...entry });

test("the migration tells each step, and ends well", async () => {
  assert.deepEqual(await run(["migrate.js"]), {
    code: 0,
    entries: [
      info({ message: "migration step", step: 1, does: "create table products if there is none" }),
      info({ message: "migration step", step: 2, does: "add column products.price if there is none" }),
      info({ message: "migrated", steps: 2 }),
    ],
  });
});

test("the worker works until it is told to stop, and ends well", async () => {
  const stop = ({ message }, child) => message === "looked for orders" && child.kill("SIGTERM");
  assert.deepEqual(await run(["worker.js"], stop), {
    code: 0,
    entries: [
      info({ message: "working", seconds: 30 }),
      info({ message: "looked for orders", round: 1 }),
      info({ message: "stopped" }),
    ],
  });
});

test("a report is written if there is such a report", async () => {
  assert.deepEqual(await run(["report.js", "stock"]), {
    code: 0,
    entries: [info({ message: "report", name: "stock", about: "products that run out" })],
  });
  assert.deepEqual(await run(["report.js", "weather"]), {
    code: 2,
    entries: [{ version, level: "error", message: 'there is no report "weather": there are sales, stock' }],
  });
});
