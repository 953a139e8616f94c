import { styleText } from "node:util";
// log-update: rewrites the running step's lines in place. It handles wrapped lines, a resized or short terminal, and
// restoring the cursor after a signal.
import { createLogUpdate } from "log-update";
import { linesOf, type Output, type Progress, seconds } from "./progress";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Prefixes of diff lines, longest first, and their styles. */
const diffStyles = [
  ["diff --git ", "bold"],
  ["--- ", "bold"],
  ["+++ ", "bold"],
  ["@@ ", "cyan"],
  ["+", "green"],
  ["-", "red"],
] as const;

export interface TerminalOptions {
  /** Whether to use colour, from the terminal and NO_COLOR. */
  colour: boolean;
  /** Real milliseconds. */
  now?: () => number;
  /** Calls back until stopped, for the spinner. */
  every?: (milliseconds: number, action: () => void) => () => void;
}

function everyInterval(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(action, milliseconds);
  return () => clearInterval(timer);
}

/** Progress on a terminal: the running step has a spinner, finished ones stay above it with their time. */
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
  /** Colours diff lines as git does, and no others. */
  const inColours = (line: string) => {
    const [, style] = diffStyles.find(([begin]) => line.startsWith(begin)) ?? [];
    return style === undefined ? line : paint(style, line);
  };
  /** Truncated to the terminal's width: a running step stays on one line, and is shown in full when finished. */
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

  /** Permanent lines bypass log-update: it would break long lines, and addresses must stay copyable. */
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
