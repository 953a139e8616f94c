import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { assert } from "chai";
import { scenarios, usual } from "../../rehearsal/scenarios";
import { scenariosOf } from "../../rehearsal/scenarios/plan";

const namesOf = (stack: string) =>
  scenariosOf(stack, scenarios)
    .map((it) => it.name)
    .join(", ");

const scenarioStacks = ["--stack-files", "rehearsal/scenarios/stacks"];

const root = path.resolve(__dirname, "../..");

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

interface Started {
  pid: number;
  /** Resolves with everything written so far, once it holds the text so many times. */
  until(text: string, times?: number): Promise<string>;
  interrupt(): void;
  ended: Promise<Ended>;
}

/** Runs `npm start`'s own command. */
function start(argv: string[], env: NodeJS.ProcessEnv = {}): Started {
  const main = spawn(process.execPath, ["-r", "ts-node/register/transpile-only", "rehearsal/main.ts", ...argv], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  const waiting = new Set<() => void>();
  main.stdout.on("data", (chunk) => {
    out += chunk;
    for (const look of [...waiting]) look();
  });
  const closed = new Promise<number | null>((resolve) => main.once("close", resolve));
  const ended = Promise.all([closed, text(main.stderr)]).then(([code, err]) => ({ code, out, err }));
  return {
    pid: main.pid ?? 0,
    until: (wanted, times = 1) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (out.split(wanted).length <= times) return;
          waiting.delete(look);
          resolve(out);
        };
        waiting.add(look);
        look();
        ended.then((it) => reject(new Error(`It ended before "${wanted}": ${it.out}${it.err}`)));
      }),
    interrupt: () => main.kill("SIGINT"),
    ended,
  };
}

describe("rehearsal: npm start", () => {
  it("explains itself, with every scenario", async () => {
    const { code, out, err } = await start(["--help"]).ended;
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(out.split("\n")[0], "npm start -- [options]");
    for (const scenario of scenarios) assert.include(out, ` ${scenario.name} `);
  });

  const refused: [argv: string[], line: string][] = [
    [["--kepp"], "Unknown option: --kepp; see npm start -- --help\n"],
    [
      ["--scenario", "absent"],
      `There is no scenario absent for stack dev: there are ${namesOf("dev")}; see npm start -- --help\n`,
    ],
    [
      ["--stack", "staging"],
      `Stack staging has no scenarios: there are some for ${Object.keys(usual).join(", ")}; see npm start -- --help\n`,
    ],
  ];
  for (const [argv, line] of refused)
    it(`refuses ${argv.join(" ")} in one line`, async () => {
      assert.deepEqual(await start(argv).ended, { code: 2, out: "", err: line });
    });

  it("says that git is missing", async () => {
    const { code, err } = await start([], { PATH: root }).ended;
    assert.deepEqual(
      [code, err.trim()],
      [1, "git is not installed: the rehearsal's GitHub is a real git repository. Install git and start again."],
    );
  });

  describe("two at the same time", function () {
    this.timeout(180_000);
    let kept: Started;
    let played: Started;

    before(() => {
      kept = start([...scenarioStacks, "--scenario", "deliver", "--keep"]);
      played = start([...scenarioStacks, "--scenario", "deliver"], { NO_COLOR: undefined, FORCE_COLOR: "1" });
    });

    after(() => {
      for (const it of [kept, played]) it.interrupt();
    });

    it("plays, and ends by itself, in plain lines", async () => {
      const { code, out, err } = await played.ended;
      assert.deepEqual([code, err], [0, ""]);
      assert.isFalse(out.includes("\u001b"), "escape codes in a pipe");
      for (const line of ["the service answers 1.0.0: http://", "the service answers 2.0.0: http://", " 0 denied"])
        assert.include(out, line);
    });

    it("delivers what is pushed by hand while it is kept", async () => {
      const printed = await kept.until("Running until Ctrl-C.\n  service");
      const { service, push } = addressesIn(await kept.until("push?version=4.0.0'"));
      assert.include(printed, "  clone    git clone http://127.0.0.1:");
      assert.equal(await (await fetch(`${service}/version`)).text(), "2.0.0\n");
      assert.equal((await fetch(push, { method: "POST" })).status, 200);
      await kept.until("execution Succeeded", 3);
      assert.equal(await (await fetch(`${service}/version`)).text(), "4.0.0\n");
    });

    it("ends on Ctrl-C, and answers no more", async () => {
      const { service } = addressesIn(await kept.until("push?version=4.0.0'"));
      kept.interrupt();
      const { code, err } = await kept.ended;
      assert.deepEqual([code, err], [0, ""]);
      const answer = await fetch(service).catch((error: Error) => error.message);
      assert.equal(answer, "fetch failed");
    });

    it("has written to a folder of its own", async () => {
      const runs = await readdir(path.join(root, ".rehearsal"));
      for (const { pid } of [kept, played])
        assert.lengthOf(
          runs.filter((name) => name.startsWith(`dev-${pid}-`)),
          1,
        );
    });
  });
});

/** The addresses that `--keep` prints. */
function addressesIn(out: string): { service: string; push: string } {
  const [, service = ""] = /^ {2}service {2}(\S+)$/m.exec(out) ?? [];
  const [, push = ""] = /^ {2}push {5}curl -X POST '(\S+)'$/m.exec(out) ?? [];
  return { service, push };
}
