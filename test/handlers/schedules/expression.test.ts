import { expect } from "chai";
import { cronExpression, cronMistakes, rateExpression, rateMistakes } from "../../../handlers/schedules/expression";

const minutes = "allowed: 0-59, and , - * /";
const hours = "allowed: 0-23, and , - * /";
const daysOfMonth = "allowed: 1-31, and , - * ? / L W";
const months = "allowed: 1-12 or JAN-DEC, and , - * /";
const daysOfWeek = "allowed: 1-7 or SUN-SAT, and , - * ? L #";
const years = "allowed: 1970-2199, and , - * /";
const one = "exactly one of day-of-month and day-of-week must be ?, because EventBridge uses only one of them";
const fields = "expected 6: minutes hours day-of-month month day-of-week year";

describe("cron expression", () => {
  const good = [
    "0 3 * * ? *",
    "* * * * ? *",
    "0,30 8-18 ? * MON-FRI *",
    "*/5 * ? * * *",
    "1/10 0/6 1-15/2 * ? *",
    "15 10 L * ? *",
    "15 10 3W * ? *",
    "15 10 ? * 6L 2026-2030",
    "15 10 ? * FRIL *",
    "15 10 ? * L *",
    "0 0 ? * 3#2 *",
    "0 0 ? * TUE#5 *",
    "0 0 1,15,31 JAN,JUN-AUG,12 ? 2026,2030/2",
    "59 23 31 12 ? 2199",
    "0 0 1 1 ? 1970",
    " 0  3 * * ? * ",
    "0 3 ? jan-mar mon-fri *",
    "0/30 20-2 ? * MON-FRI *",
    "50-10 3 * * ? *",
    "0 3 25-5 NOV-FEB ? *",
    "0 3 ? * FRI-MON *",
    "0 20-2/2 * * ? *",
  ];
  for (const cron of good) {
    it(`${JSON.stringify(cron)} is one`, () => {
      expect(cronMistakes(cron)).to.deep.equal([]);
    });
  }

  const bad: [string, string[]][] = [
    ["", [`has 1 fields, ${fields}`]],
    ["0 3 * * *", [`has 5 fields, ${fields}`]],
    ["0 0 3 * * ? *", [`has 7 fields, ${fields}`]],
    ["cron(0 3 * * ? *)", ["write it without cron( and )"]],
    ["0 3 * * * *", [one]],
    ["0 3 ? * ? *", [one]],
    ["0 3 1 * MON *", [one]],
    ["60 3 * * ? *", [`minutes 60: 60 is not valid; ${minutes}`]],
    ["-1 3 * * ? *", [`minutes -1: -1 is not valid; ${minutes}`]],
    ["? 3 * * ? *", [`minutes ?: ? is not valid; ${minutes}`]],
    ["1.5 3 * * ? *", [`minutes 1.5: 1.5 is not valid; ${minutes}`]],
    ["0 24 * * ? *", [`hours 24: 24 is not valid; ${hours}`]],
    ["0 3, * * ? *", [`hours 3,: a value is missing; ${hours}`]],
    ["0 3 0 * ? *", [`day-of-month 0: 0 is not valid; ${daysOfMonth}`]],
    ["0 3 32W * ? *", [`day-of-month 32W: 32W is not valid; ${daysOfMonth}`]],
    ["0 3 L-3 * ? *", [`day-of-month L-3: L-3 is not valid; ${daysOfMonth}`]],
    ["0 3 L,1 * ? *", [`day-of-month L,1: L is not valid; ${daysOfMonth}`]],
    ["0 3 1,15W * ? *", [`day-of-month 1,15W: 15W is not valid; ${daysOfMonth}`]],
    ["0 3 MON * ? *", [`day-of-month MON: MON is not valid; ${daysOfMonth}`]],
    ["0 3 * 13 ? *", [`month 13: 13 is not valid; ${months}`]],
    ["0 3 * JANUARY ? *", [`month JANUARY: JANUARY is not valid; ${months}`]],
    ["0 3 ? * 0 *", [`day-of-week 0: 0 is not valid; ${daysOfWeek}`]],
    ["0 3 ? * 8 *", [`day-of-week 8: 8 is not valid; ${daysOfWeek}`]],
    ["0 3 ? * 3#6 *", [`day-of-week 3#6: 3#6 is not valid; ${daysOfWeek}`]],
    ["0 3 ? * 3#1,6#3 *", [`day-of-week 3#1,6#3: 3#1 is not valid; ${daysOfWeek}`]],
    ["0 3 ? * 3#1#2 *", [`day-of-week 3#1#2: 3#1#2 is not valid; ${daysOfWeek}`]],
    ["0 3 ? * 3W *", [`day-of-week 3W: 3W is not valid; ${daysOfWeek}`]],
    ["0 3 ? * MON/2 *", ["day-of-week MON/2: steps (/) are not allowed in this field"]],
    ["0 3 * * ? 1969", [`year 1969: 1969 is not valid; ${years}`]],
    ["0 3 * * ? 2200", [`year 2200: 2200 is not valid; ${years}`]],
    ["0 22-24 * * ? *", [`hours 22-24: 22-24 is not valid; ${hours}`]],
    ["0 3 ? * FRI-8 *", [`day-of-week FRI-8: FRI-8 is not valid; ${daysOfWeek}`]],
    ["0 3 1 1 ? 2030-2026", ["year 2030-2026: range 2030-2026 runs backwards: write the earlier year first"]],
    ["0 1-2-3 * * ? *", [`hours 1-2-3: 1-2-3 is not valid; ${hours}`]],
    ["0 1,* * * ? *", [`hours 1,*: * is not valid; ${hours}`]],
    ["*/0 3 * * ? *", ["minutes */0: step 0 is not valid; allowed: 1 to 59"]],
    ["*/60 3 * * ? *", ["minutes */60: step 60 is not valid; allowed: 1 to 59"]],
    ["*/ 3 * * ? *", ["minutes */: step is missing; allowed: 1 to 59"]],
    ["*/5/5 3 * * ? *", [`minutes */5/5: */5/5 is not valid; ${minutes}`]],
    ["/5 3 * * ? *", [`minutes /5: /5 is not valid; ${minutes}`]],
    ["99 99 * * * *", [`minutes 99: 99 is not valid; ${minutes}`, `hours 99: 99 is not valid; ${hours}`, one]],
  ];
  for (const [cron, mistakes] of bad) {
    it(`${JSON.stringify(cron)} is none`, () => {
      expect(cronMistakes(cron)).to.deep.equal(mistakes);
    });
  }

  it("has one spelling", () => {
    expect(cronExpression(" 0  3 ? jan\tmon-fri * ")).to.equal("cron(0 3 ? JAN MON-FRI *)");
  });
});

describe("rate", () => {
  for (const rate of ["1 minute", "5 minutes", "1 hour", "2 hours", "1 day", "30 days", " 5  minutes "]) {
    it(`${JSON.stringify(rate)} is one`, () => {
      expect(rateMistakes(rate)).to.deep.equal([]);
    });
  }

  const expected = "expected a number above 0 and minutes, hours or days, such as 5 minutes";
  const bad: [string, string][] = [
    ["1 minutes", "write it as 1 minute"],
    ["5 minute", "write it as 5 minutes"],
    ["1 days", "write it as 1 day"],
    ["10 hour", "write it as 10 hours"],
    ["0 minutes", expected],
    ["-5 minutes", expected],
    ["05 minutes", expected],
    ["1.5 hours", expected],
    ["30 seconds", expected],
    ["2 weeks", expected],
    ["5 Minutes", expected],
    ["minutes", expected],
    ["5", expected],
    ["5minutes", expected],
    ["5 minutes UTC", expected],
    ["rate(5 minutes)", "write it without rate( and )"],
  ];
  for (const [rate, mistake] of bad) {
    it(`${JSON.stringify(rate)} is none`, () => {
      expect(rateMistakes(rate)).to.deep.equal([mistake]);
    });
  }

  it("has one spelling", () => {
    expect(rateExpression(" 5  minutes ")).to.equal("rate(5 minutes)");
  });
});
