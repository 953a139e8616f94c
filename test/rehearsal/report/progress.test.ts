import { PassThrough } from "node:stream";
import { assert } from "chai";
import { createLines } from "../../../rehearsal/report/lines";
import type { Progress } from "../../../rehearsal/report/progress";
import { createTerminal } from "../../../rehearsal/report/terminal";

/** Two steps, the second of which fails. */
function tell(progress: Progress, pass: (milliseconds: number) => void): void {
  progress.say("stack dev");
  progress.heading("deliver: a push");
  progress.begin("it is pushed");
  pass(1500);
  progress.activity("Build: TEST");
  progress.note("Build Succeeded");
  pass(500);
  progress.done("queued", "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-1\n+2\n");
  progress.begin("it answers");
  pass(100);
  progress.failed();
  progress.note("afterwards");
  progress.close();
}

describe("rehearsal: progress", () => {
  let clock: number;
  const now = () => clock;
  const pass = (milliseconds: number) => {
    clock += milliseconds;
  };

  beforeEach(() => {
    clock = 0;
  });

  it("is one plain line for each event where the output is no terminal", () => {
    let written = "";
    const write = (text: string) => {
      written += text;
    };
    tell(createLines({ write }, now), pass);
    assert.equal(
      written,
      [
        "stack dev",
        "",
        "   0.0 s  deliver: a push",
        "   0.0 s    it is pushed ...",
        "   1.5 s        Build Succeeded",
        "   2.0 s    ok: it is pushed: queued (2.0 s)",
        "              --- a/file",
        "              +++ b/file",
        "              @@ -1 +1 @@",
        "              -1",
        "              +2",
        "   2.0 s    it answers ...",
        "   2.1 s    failed: it answers (0.1 s)",
        "   2.1 s        afterwards",
        "",
      ].join("\n"),
    );
  });

  describe("on a terminal", () => {
    function terminal(colour: boolean) {
      const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: HEIGHT });
      const ticks: (() => void)[] = [];
      let stopped = 0;
      const every = (_: number, action: () => void) => {
        ticks.push(action);
        return () => {
          stopped++;
        };
      };
      const progress = createTerminal(output, { colour, now, every });
      return { progress, ticks, stopped: () => stopped, written: () => String(output.read() ?? "") };
    }

    it("keeps finished steps with their notes, times and details", () => {
      const { progress, written, stopped } = terminal(false);
      tell(progress, pass);
      const screen = replay(written());
      assert.deepEqual(screen, [
        "stack dev",
        "",
        "deliver: a push",
        "  ✔ it is pushed: queued  2.0 s",
        "      Build Succeeded",
        "      --- a/file",
        "      +++ b/file",
        "      @@ -1 +1 @@",
        "      -1",
        "      +2",
        "  ✘ it answers  0.1 s",
        "      afterwards",
      ]);
      assert.equal(stopped(), 1);
    });

    it("shows the running step, its notes and what is going on", () => {
      const { progress, ticks, written } = terminal(false);
      progress.begin("it is pushed");
      progress.note("Source Succeeded");
      progress.activity("Build: TEST");
      pass(3200);
      for (const tick of ticks) tick();
      assert.deepEqual(replay(written()), ["  ⠙ it is pushed  3.2 s", "      Source Succeeded", "      Build: TEST …"]);
      progress.close();
    });

    it("erases nothing of what stands above, where the screen is full", () => {
      const { progress, ticks, written } = terminal(false);
      const expected: string[] = [];
      for (let index = 1; index <= 10; index++) {
        progress.begin(`step ${index}`);
        expected.push(`  ✔ step ${index}  0.0 s`);
        for (let note = 1; note <= index; note++) {
          progress.activity(`activity ${note}`);
          progress.note(`note ${note}`);
          for (const tick of ticks) tick();
          expected.push(`      note ${note}`);
        }
        progress.done();
      }
      progress.close();
      assert.deepEqual(replay(written()), expected);
    });

    it("cuts what moves to the width, and tells it in full at the end", () => {
      const { progress, written } = terminal(false);
      const long = "0123456789".repeat(9);
      progress.begin(long);
      progress.note(long);
      assert.deepEqual(replay(written()), [`  ⠋ ${long.slice(0, 64)}…  0.0 s`, `      ${long.slice(0, 72)}…`]);
      progress.done();
      assert.deepEqual(replay(written()), [`  ✔ ${long}  0.0 s`, `      ${long}`]);
      progress.close();
    });

    it("colours a diff as git does", () => {
      const { progress, written } = terminal(true);
      const lines = ["diff --git a/f b/f", "--- a/f", "+++ b/f", "@@ -1,2 +1,2 @@", " same", "-old", "+new"];
      progress.begin("it is proposed");
      progress.done("#1", `${lines.join("\n")}\n`);
      progress.close();
      const painted = (code: number, end: number, line = "") => `      ${ESCAPE}[${code}m${line}${ESCAPE}[${end}m`;
      const [bold, cyan, red, green] = [
        [1, 22],
        [36, 39],
        [31, 39],
        [32, 39],
      ] as const;
      const [head, old, now, hunk, same, removed, added] = lines;
      const expected = [
        ...[head, old, now].map((line) => painted(...bold, line)),
        painted(...cyan, hunk),
        `      ${same}`,
        painted(...red, removed),
        painted(...green, added),
      ];
      assert.include(written(), `${expected.join("\n")}\n`);
    });

    it("colours only if it may", () => {
      for (const colour of [true, false]) {
        const { progress, written } = terminal(colour);
        tell(progress, pass);
        // Colours end in m; the codes that move the cursor do not.
        assert.equal(written().includes(`${ESCAPE}[32m`), colour);
      }
    });
  });
});

const HEIGHT = 24;
const ESCAPE = "\u001b";
const token = new RegExp(`(${ESCAPE}\\[[?\\d;]*[A-Za-z])|([^${ESCAPE}\\n]+|\\n)`, "g");

/** What is left after the escape codes that log-update writes: cursor moves, which end at the screen's edge, and erased lines. */
function replay(written: string): string[] {
  const lines = [""];
  let row = 0;
  let column = 0;
  const bottom = () => Math.max(HEIGHT, lines.length) - 1;
  const write = (text: string) => {
    while (lines.length <= row) lines.push("");
    lines[row] = (lines[row] ?? "").slice(0, column).padEnd(column) + text;
    column += text.length;
  };
  for (const [part, code, text] of written.matchAll(token)) {
    const number = Number(/\d+/.exec(code ?? "")?.[0] ?? 1);
    const action = text === "\n" ? text : part.at(-1);
    if (text !== undefined && text !== "\n") write(text);
    else if (action === "\n") {
      row++;
      column = 0;
      write("");
    } else if (action === "A") row = Math.max(bottom() - HEIGHT + 1, row - number);
    else if (action === "B") row = Math.min(bottom(), row + number);
    else if (action === "G") column = 0;
    else if (action === "K" && code === `${ESCAPE}[2K`) lines[row] = "";
    else if (action === "K") lines[row] = (lines[row] ?? "").slice(0, column);
    else if (!["h", "l", "m"].includes(action ?? "")) throw new Error(`The test knows no ${JSON.stringify(part)}.`);
  }
  while (lines.at(-1) === "") lines.pop();
  return lines;
}
