import { spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { assert } from "chai";
import { scenarios } from "../../rehearsal/scenarios";

const root = path.resolve(__dirname, "../..");

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs `npm start`'s own command. */
async function start(argv: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const main = spawn(process.execPath, ["-r", "ts-node/register/transpile-only", "rehearsal/main.ts", ...argv], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = new Promise<number | null>((resolve) => main.once("exit", resolve));
  const [code, out, err] = await Promise.all([exit, text(main.stdout), text(main.stderr)]);
  return { code, out, err };
}

describe("rehearsal: npm start", () => {
  it("explains itself, with every scenario", async () => {
    const { code, out, err } = await start(["--help"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(out.split("\n")[0], "npm start -- [options]");
    for (const scenario of scenarios) assert.include(out, ` ${scenario.name} `);
  });

  const refused: [argv: string[], line: string][] = [
    [["--kepp"], "--kepp is no option; see npm start -- --help\n"],
    [
      ["--scenario", "absent"],
      `There is no scenario absent: there are ${scenarios.map((it) => it.name).join(", ")}; see npm start -- --help\n`,
    ],
  ];
  for (const [argv, line] of refused)
    it(`refuses ${argv.join(" ")} in one line`, async () => {
      assert.deepEqual(await start(argv), { code: 2, out: "", err: line });
    });

  it("says that git is missing", async () => {
    const { code, err } = await start([], { PATH: root });
    assert.deepEqual(
      [code, err.trim()],
      [1, "git is not installed: the rehearsal's GitHub is a real git repository. Install git and start again."],
    );
  });
});
