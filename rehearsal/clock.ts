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
  /** Resolves when nothing that takes real time is under way. */
  settled(): Promise<void>;
  /** Real milliseconds that it has run at its full speed: how long nothing real was under way. */
  idle(): number;
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
 * Real milliseconds that count at full speed between two looks at the time. If the process was kept from running for longer,
 * the rest counts as real time: on a busy machine, simulated time would otherwise jump by minutes in which nothing could happen.
 */
const LONGEST_STEP = 10;
const TICK = LONGEST_STEP / 2;

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
  let idle = 0;
  let waiting: (() => void)[] = [];

  /** Simulated milliseconds that have gone by in real ones. */
  const advanced = (real: number) => Math.max(real * Math.min(pace, 1), Math.min(real, LONGEST_STEP) * pace);
  const now = () => frozenAt ?? base + advanced(performance.now() - since);

  function settle(): void {
    const real = performance.now() - since;
    base += advanced(real);
    if (works === 0) idle += Math.min(real, LONGEST_STEP);
    since += real;
  }

  function setPace(next: number): void {
    settle();
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
    if (stopped || pace === 0) return;
    const due = entries[0]?.due ?? Number.POSITIVE_INFINITY;
    armed = setTimeout(
      () => {
        settle();
        fireDue(now());
        arm();
      },
      Math.min(Math.max(0, (due - now()) / pace), pace > 1 ? TICK : LONGEST_TIMEOUT),
    );
    // Nobody waits for it.
    if (entries.length === 0) armed.unref();
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
    if (works === 0) setPace(Math.min(speed, 1));
    works += 1;
    try {
      return await work;
    } finally {
      if (works === 1) setPace(speed);
      works -= 1;
      if (works === 0) settleWaiting();
    }
  }

  function settleWaiting(): void {
    const ended = waiting;
    waiting = [];
    for (const resolve of ended) resolve();
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
    settled: () =>
      new Promise((resolve) => {
        if (works === 0) resolve();
        else waiting.push(resolve);
      }),
    idle: () => {
      settle();
      return idle;
    },
    wait: (milliseconds) => new Promise((resolve) => after(milliseconds, resolve)),
    turn,
    stop: () => {
      stopped = true;
      entries.length = 0;
      clearTimeout(armed);
    },
  };
}
