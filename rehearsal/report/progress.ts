/** Where a rehearsal tells how far it is: one heading for each scenario, one step after another, notes within a step. */
export interface Progress {
  heading(text: string): void;
  begin(title: string): void;
  /** Something that happened within the step, and stays. */
  note(text: string): void;
  /** What is going on right now; the next one takes its place. */
  activity(text: string): void;
  /**
   * @param detail what came out
   * @param excerpt lines that are shown as they are: a diff
   */
  done(detail?: string, excerpt?: string): void;
  failed(): void;
  /** A line outside of any step. */
  say(text: string): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

/** A stream that may be a terminal: process.stdout, or a test's. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/** The lines of an excerpt; its last line break ends the last one. */
export const linesOf = (excerpt: string | undefined): string[] => excerpt?.replace(/\n$/, "").split("\n") ?? [];

/** Real time since a moment, `3.2 s`. */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
