/** A timer that has not fired yet. */
export interface Timer {
  cancel(): void;
}

/**
 * The account's time. Every simulated service uses it, never Date or setTimeout, so that a health check interval of ten
 * seconds need not take ten seconds, and a test can skip twenty minutes in one call.
 */
export interface Clock {
  /** Simulated time, in milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once, `milliseconds` of simulated time from now. */
  after(milliseconds: number, action: () => void): Timer;
  /** Resolves `milliseconds` of simulated time from now. */
  wait(milliseconds: number): Promise<void>;
  /**
   * Waits for something that takes real time: a starting process, a request to it, a build. Meanwhile simulated time
   * runs no faster than real time, so that on a slow machine a health check is not late.
   */
  during<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing that takes real time is in progress. */
  settled(): Promise<void>;
  /** Real milliseconds at full speed: how long no real work was in progress. */
  idle(): number;
  /** Advances time at once; due timers fire in order, each at its own time. */
  turn(milliseconds: number): Promise<void>;
  /** Drops every timer; nothing fires afterwards. */
  stop(): void;
}

interface Entry {
  due: number;
  order: number;
  action: () => void;
}

// Node.js fires longer timers, over about 25 days, immediately.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * Maximum real milliseconds at full speed between two reads of the time. If the process was blocked for longer, the
 * rest counts as real time: on a busy machine, simulated time would jump by minutes in which nothing could happen.
 */
const LONGEST_STEP = 10;
const TICK = LONGEST_STEP / 2;

/**
 * @param speed simulated milliseconds per real one; with 0 only `turn` advances the clock.
 * @param start the initial time, in milliseconds since the epoch.
 */
export function createClock(speed: number, start: number = Date.now()): Clock {
  const entries: Entry[] = [];
  let order = 0;
  let armed: NodeJS.Timeout | undefined;
  let frozenAt: number | undefined;
  let stopped = false;
  // Simulated time at a real time, and its speed since.
  let base = start;
  let since = performance.now();
  let pace = speed;
  let works = 0;
  let idle = 0;
  let waiting: (() => void)[] = [];

  /** Simulated milliseconds elapsed in real ones. */
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
    // Nothing is waiting.
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
