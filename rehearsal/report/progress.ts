/** Reports a rehearsal's progress: a heading for each scenario, one step after another, notes within a step. */
export interface Progress {
  heading(text: string): void;
  begin(title: string): void;
  /** An event within the step; it stays. */
  note(text: string): void;
  /** The current activity; the next one replaces it. */
  activity(text: string): void;
  /**
   * @param detail the result
   * @param excerpt lines shown verbatim: a diff
   */
  done(detail?: string, excerpt?: string): void;
  failed(): void;
  /** A line outside any step. */
  say(text: string): void;
  /** Restores the terminal. */
  close(): void;
}

/** A stream that may be a terminal: process.stdout, or a test's. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/** The lines of an excerpt, without an empty one at the end. */
export const linesOf = (excerpt: string | undefined): string[] => excerpt?.replace(/\n$/, "").split("\n") ?? [];

/** Elapsed real time, `3.2 s`. */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
