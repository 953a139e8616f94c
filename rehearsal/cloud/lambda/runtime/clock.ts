/**
 * Makes `Date` return the account's time. Timers stay real, and so does `performance.now`, which measures timeouts.
 * @param offset milliseconds from this machine's time to the account's
 * @returns a function that sets another offset
 */
export function shiftDate(offset: number): (offset: number) => void {
  const RealDate = Date;
  const realNow = Date.now;
  let shift = offset;
  const now = () => realNow() + shift;

  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, values, newTarget) =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget),
    get: (target, property, receiver) => (property === "now" ? now : Reflect.get(target, property, receiver)),
  });
  RealDate.prototype.constructor = globalThis.Date;
  return (next) => {
    shift = next;
  };
}
