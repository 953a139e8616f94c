/** A timer that has not fired yet. */
export interface Timer {
  cancel(): void;
}

/**
 * The account's time. Every simulated service reads it and waits by it; none uses Date or setTimeout itself, so that a
 * health check interval of ten seconds need not take ten seconds, and a test can turn twenty minutes in one call.
 */
export interface Clock {
  /** Simulated time, in milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once, `milliseconds` of simulated time from now. */
  after(milliseconds: number, action: () => void): Timer;
  /** Resolves `milliseconds` of simulated time from now. */
  wait(milliseconds: number): Promise<void>;
  /**
   * Waits for something that takes real time: a process that starts, a request to it, a build. Meanwhile simulated time
   * runs no faster than real time, so that a slow machine does not make a health check late that would have been in time.
   */
  during<T>(work: Promise<T>): Promise<T>;
  /** Moves time forward at once; what falls due fires in order, each at its own moment. */
  turn(milliseconds: number): Promise<void>;
  /** Drops every timer; nothing fires afterwards. */
  stop(): void;
}

interface Entry {
  due: number;
  order: number;
  action: () => void;
}

// Node.js fires a timer that is set for longer, about 25 days, at once.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * @param speed simulated milliseconds for each real one; 0 makes a clock that only `turn` moves.
 * @param start the first moment, in milliseconds since the epoch.
 */
export function createClock(speed: number, start: number = Date.now()): Clock {
  const entries: Entry[] = [];
  let order = 0;
  let armed: NodeJS.Timeout | undefined;
  let frozenAt: number | undefined;
  let stopped = false;
  // Simulated time at a real moment, and how fast it has run since.
  let base = start;
  let since = performance.now();
  let pace = speed;
  let works = 0;

  const now = () => frozenAt ?? base + (performance.now() - since) * pace;

  function setPace(next: number): void {
    base += (performance.now() - since) * pace;
    since = performance.now();
    pace = next;
    arm();
  }

  function fireDue(until: number): void {
    for (let next = entries[0]; next !== undefined && next.due <= until; next = entries[0]) {
      entries.shift();
      next.action();
    }
  }

  function arm(): void {
    clearTimeout(armed);
    const next = entries[0];
    if (next === undefined || pace === 0) return;
    armed = setTimeout(
      () => {
        fireDue(now());
        arm();
      },
      Math.min(Math.max(0, (next.due - now()) / pace), LONGEST_TIMEOUT),
    );
  }

  function after(milliseconds: number, action: () => void): Timer {
    const entry: Entry = { due: now() + milliseconds, order: order++, action };
    if (!stopped) {
      entries.push(entry);
      entries.sort((a, b) => a.due - b.due || a.order - b.order);
      arm();
    }
    return {
      cancel: () => {
        const at = entries.indexOf(entry);
        if (at >= 0) entries.splice(at, 1);
        arm();
      },
    };
  }

  async function during<T>(work: Promise<T>): Promise<T> {
    works += 1;
    if (works === 1) setPace(Math.min(speed, 1));
    try {
      return await work;
    } finally {
      works -= 1;
      if (works === 0) setPace(speed);
    }
  }

  async function turn(milliseconds: number): Promise<void> {
    const target = now() + milliseconds;
    for (let next = entries[0]; next !== undefined && next.due <= target; next = entries[0]) {
      frozenAt = next.due;
      fireDue(next.due);
      await new Promise((resolve) => setImmediate(resolve));
    }
    frozenAt = undefined;
    base += Math.max(0, target - now());
    arm();
  }

  return {
    now,
    after,
    during,
    wait: (milliseconds) => new Promise((resolve) => after(milliseconds, resolve)),
    turn,
    stop: () => {
      stopped = true;
      entries.length = 0;
      clearTimeout(armed);
    },
  };
}
