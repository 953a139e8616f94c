import { expect } from "chai";
import { createClock } from "../../../../rehearsal/clock";
import { follow, parseSchedule } from "../../../../rehearsal/cloud/eventBridge/schedule";

// A Monday.
const FROM = Date.UTC(2026, 0, 5, 9, 0, 0);

/** The next moments of a schedule, to the minute. */
function upcoming(expression: string, count: number): string[] {
  const schedule = parseSchedule(expression);
  const found: string[] = [];
  for (let at = schedule.next(FROM); at !== undefined && found.length < count; at = schedule.next(at))
    found.push(new Date(at).toISOString().slice(0, 16));
  return found;
}

describe("A schedule expression of EventBridge", () => {
  const cases: [string, ...string[]][] = [
    ["rate(1 minute)", "2026-01-05T09:01", "2026-01-05T09:02"],
    ["rate(5 minutes)", "2026-01-05T09:05", "2026-01-05T09:10"],
    ["rate(1 hour)", "2026-01-05T10:00", "2026-01-05T11:00"],
    ["rate(2 days)", "2026-01-07T09:00", "2026-01-09T09:00"],
    ["cron(0 3 * * ? *)", "2026-01-06T03:00", "2026-01-07T03:00"],
    ["cron(0 9 * * ? *)", "2026-01-06T09:00", "2026-01-07T09:00"],
    ["cron(1 9 * * ? *)", "2026-01-05T09:01", "2026-01-06T09:01"],
    ["cron(0/30 * * * ? *)", "2026-01-05T09:30", "2026-01-05T10:00"],
    ["cron(10-20/10 8,18 * * ? *)", "2026-01-05T18:10", "2026-01-05T18:20", "2026-01-06T08:10"],
    ["cron(0 18 ? * MON-FRI *)", "2026-01-05T18:00", "2026-01-06T18:00"],
    // Hours 20 to 2 of Monday to Friday: on Mondays from midnight, and on Saturdays not at all.
    ["cron(0/30 20-2 ? * MON-FRI *)", "2026-01-05T20:00", "2026-01-05T20:30", "2026-01-05T21:00"],
    ["cron(0 22-2/2 ? * FRI *)", "2026-01-09T00:00", "2026-01-09T02:00", "2026-01-09T22:00", "2026-01-16T00:00"],
    ["cron(0 9 ? * SAT-SUN *)", "2026-01-10T09:00", "2026-01-11T09:00", "2026-01-17T09:00"],
    ["cron(0 0 1 DEC-JAN ? *)", "2026-12-01T00:00", "2027-01-01T00:00", "2027-12-01T00:00"],
    ["cron(15 12 ? * 1,7 *)", "2026-01-10T12:15", "2026-01-11T12:15"],
    ["cron(0 10 ? * L *)", "2026-01-10T10:00", "2026-01-17T10:00"],
    ["cron(30 2 ? * 6L *)", "2026-01-30T02:30", "2026-02-27T02:30"],
    ["cron(30 2 ? * TUE#2 *)", "2026-01-13T02:30", "2026-02-10T02:30"],
    ["cron(30 2 ? * THU#5 *)", "2026-01-29T02:30", "2026-04-30T02:30"],
    ["cron(0 10 L * ? *)", "2026-01-31T10:00", "2026-02-28T10:00"],
    ["cron(0 9 31 * ? *)", "2026-01-31T09:00", "2026-03-31T09:00"],
    // 15 February 2026 is a Sunday, 1 February too.
    ["cron(0 9 15W * ? *)", "2026-01-15T09:00", "2026-02-16T09:00"],
    ["cron(0 9 1W * ? *)", "2026-02-02T09:00", "2026-03-02T09:00"],
    ["cron(0 0 29 2 ? *)", "2028-02-29T00:00", "2032-02-29T00:00"],
    ["cron(0 0 1 JAN,JUL ? 2027-2028)", "2027-01-01T00:00", "2027-07-01T00:00", "2028-01-01T00:00", "2028-07-01T00:00"],
  ];
  for (const [expression, ...moments] of cases)
    it(`${expression} falls due at ${moments.join(", ")}`, () => {
      expect(upcoming(expression, moments.length)).to.deep.equal(moments);
    });

  for (const expression of ["cron(0 3 * * ? 2025)", "cron(0 0 31 2 ? *)", "cron(0 0 29 2 ? 2027)"])
    it(`${expression} never falls due`, () => {
      expect(upcoming(expression, 1)).to.deep.equal([]);
    });

  const invalid = [
    "",
    "5 minutes",
    "rate(5 minute)",
    "rate(1 minutes)",
    "rate(0 minutes)",
    "rate(-5 minutes)",
    "rate(1.5 hours)",
    "rate(5 seconds)",
    "rate(5  minutes)",
    "rate(5 minutes) ",
    "cron(0 3 * * ?)",
    "cron(0 3 * * ? * *)",
    "cron(0 3 * * * *)",
    "cron(0 3 ? * ? *)",
    "cron(0 3 1 * MON *)",
    "cron(60 3 * * ? *)",
    "cron(0 24 * * ? *)",
    "cron(0 3 0 * ? *)",
    "cron(0 3 32 * ? *)",
    "cron(0 3 * 13 ? *)",
    "cron(0 3 ? * 8 *)",
    "cron(0 3 ? * MON#6 *)",
    "cron(0 3 ? * 3#1,6#3 *)",
    "cron(0 3 ? * 2/2 *)",
    "cron(0 3 1,15W * ? *)",
    "cron(0 3 * * ? 1969)",
    "cron(? 3 * * ? *)",
    "cron(0/0 3 * * ? *)",
    "cron(*-5 3 * * ? *)",
    "cron(0  3 * * ? *)",
    "cron(0 3 * JANUARY ? *)",
    "cron(a b c d ? e)",
  ];
  for (const expression of invalid)
    it(`${expression === "" ? "without text" : expression} is refused`, () => {
      expect(() => parseSchedule(expression))
        .to.throw("Parameter ScheduleExpression is not valid.")
        .with.property("name", "ValidationException");
    });
});

describe("A schedule that is followed", () => {
  it("fires at each moment, until it is cancelled", async () => {
    const clock = createClock(0, FROM);
    const fired: number[] = [];
    const timer = follow(clock, parseSchedule("rate(10 minutes)"), (due) => fired.push((due - FROM) / 60_000));
    await clock.turn(25 * 60_000);
    expect(fired).to.deep.equal([10, 20]);
    timer.cancel();
    await clock.turn(60 * 60_000);
    expect(fired).to.deep.equal([10, 20]);
  });

  it("fires no more when no moment is left", async () => {
    const clock = createClock(0, FROM);
    const fired: string[] = [];
    follow(clock, parseSchedule("cron(0 10,11 5 1 ? 2026)"), (due) => fired.push(new Date(due).toISOString()));
    await clock.turn(400 * 24 * 60 * 60_000);
    expect(fired).to.deep.equal(["2026-01-05T10:00:00.000Z", "2026-01-05T11:00:00.000Z"]);
  });
});
