import { styleText } from "node:util";
// log-update: rewrites the running step's lines where they are. Wrapped lines, a resized or short terminal and the cursor's
// return after a signal are its business.
import { createLogUpdate } from "log-update";
import { linesOf, type Output, type Progress, seconds } from "./progress";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** How a line of a diff begins, the longest first, and its style. */
const diffStyles = [
  ["diff --git ", "bold"],
  ["--- ", "bold"],
  ["+++ ", "bold"],
  ["@@ ", "cyan"],
  ["+", "green"],
  ["-", "red"],
] as const;

export interface TerminalOptions {
  /** Whether to colour: the terminal's wish and NO_COLOR's. */
  colour: boolean;
  /** Real milliseconds. */
  now?: () => number;
  /** Calls back until told to stop, for the spinner. */
  every?: (milliseconds: number, action: () => void) => () => void;
}

function everyInterval(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(action, milliseconds);
  return () => clearInterval(timer);
}

/** Progress on a terminal: the running step turns, finished ones stay above it with their time. */
export function createTerminal(output: Output & NodeJS.WritableStream, options: TerminalOptions): Progress {
  const { colour, now = () => performance.now(), every = everyInterval } = options;
  const live = createLogUpdate(output as NodeJS.WriteStream);
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;

  let step: { title: string; began: number; notes: string[]; activity: string } | undefined;
  let frame = 0;
  let stopTurning: (() => void) | undefined;

  const row = (sign: string, text: string, milliseconds: number) =>
    `  ${sign} ${text}  ${paint("dim", seconds(milliseconds))}`;
  const notesOf = (notes: string[]) => notes.map((note) => `      ${paint("dim", note)}`);
  /** As git shows a diff; other lines as they are. */
  const inColours = (line: string) => {
    const [, style] = diffStyles.find(([begin]) => line.startsWith(begin)) ?? [];
    return style === undefined ? line : paint(style, line);
  };
  /** Cut to the terminal's width: what moves stays on one line, and is told in full when the step is finished. */
  const cut = (text: string, taken: number) => {
    const width = (output.columns ?? 80) - taken - 1;
    return text.length > width ? `${text.slice(0, width - 1)}…` : text;
  };

  function render(): void {
    if (step === undefined) return;
    const sign = paint("cyan", frames[frame % frames.length] ?? "");
    const lines = [
      row(sign, cut(step.title, 14), now() - step.began),
      ...notesOf(step.notes.map((note) => cut(note, 6))),
    ];
    if (step.activity !== "") lines.push(...notesOf([cut(`${step.activity} …`, 6)]));
    live(lines.join("\n"));
  }

  /** What stays is not written by log-update: it would break long lines, and addresses are there to be copied. */
  function print(lines: string[]): void {
    live.clear();
    output.write(`${lines.join("\n")}\n`);
  }

  function finish(sign: string, detail?: string, excerpt?: string): void {
    if (step === undefined) return;
    const text = detail === undefined ? step.title : `${step.title}: ${paint("bold", detail)}`;
    const shown = linesOf(excerpt).map((line) => `      ${inColours(line)}`);
    print([row(sign, text, now() - step.began), ...notesOf(step.notes), ...shown]);
    step = undefined;
  }

  return {
    heading: (text) => print(["", paint("bold", text)]),
    begin(title) {
      step = { title, began: now(), notes: [], activity: "" };
      stopTurning ??= every(80, () => {
        frame++;
        render();
      });
      render();
    },
    note(text) {
      if (step === undefined) print(notesOf([text]));
      else step.notes.push(text);
      render();
    },
    activity(text) {
      if (step !== undefined) step.activity = text;
      render();
    },
    done: (detail, excerpt) => finish(paint("green", "✔"), detail, excerpt),
    failed: () => finish(paint("red", "✘")),
    say: (text) => print([text]),
    close() {
      stopTurning?.();
      stopTurning = undefined;
      live.done();
    },
  };
}
