/** Tests whether a cron expression includes a day, given in UTC. */
type DayTest = (date: Date) => boolean;

/** A parsed cron expression. */
export interface Cron {
  minutes: number[];
  hours: number[];
  months: number[];
  years: number[];
  isDay: DayTest;
}

const MINUTE = 60_000;
const LAST_YEAR = 2199;
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/**
 * Parses the six fields between `cron(` and `)`, with the values and wildcards that EventBridge documents for each:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 * @returns undefined if the expression is invalid
 */
export function parseCron(expression: string): Cron | undefined {
  const fields = expression.split(" ");
  const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = "", year = ""] = fields;
  // Exactly one of the two day fields must be a question mark.
  if (fields.length !== 6 || (dayOfMonth === "?") === (dayOfWeek === "?")) return undefined;
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const months = valuesOf(month, 1, 12, MONTHS);
  const years = valuesOf(year, 1970, LAST_YEAR);
  const isDay = dayOfWeek === "?" ? testOfMonthDays(dayOfMonth) : testOfWeekdays(dayOfWeek);
  return minutes && hours && months && years && isDay && { minutes, hours, months, years, isDay };
}

/** The first match after `after`, in milliseconds since the epoch; undefined if there is none. */
export function nextOfCron(cron: Cron, after: number): number | undefined {
  const start = (Math.floor(after / MINUTE) + 1) * MINUTE;
  const first = new Date(start);
  for (let year = first.getUTCFullYear(); year <= LAST_YEAR; year++) {
    if (!cron.years.includes(year)) continue;
    const yearOver = Date.UTC(year + 1, 0, 1);
    for (let day = Math.max(midnight(first), Date.UTC(year, 0, 1)); day < yearOver; day += 24 * 60 * MINUTE) {
      const date = new Date(day);
      if (!cron.months.includes(date.getUTCMonth() + 1) || !cron.isDay(date)) continue;
      const found = firstOfDay(cron, day, start);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function firstOfDay({ hours, minutes }: Cron, day: number, start: number): number | undefined {
  for (const hour of hours)
    for (const minute of minutes) {
      const moment = day + (hour * 60 + minute) * MINUTE;
      if (moment >= start) return moment;
    }
  return undefined;
}

const midnight = (date: Date) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());

const daysIn = (date: Date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();

/** Sunday is 1. */
const weekdayOf = (date: Date) => date.getUTCDay() + 1;

function testOfMonthDays(field: string): DayTest | undefined {
  if (field === "L") return (date) => date.getUTCDate() === daysIn(date);
  const weekday = /^(\d{1,2})W$/.exec(field)?.[1];
  if (weekday !== undefined) {
    const day = Number(weekday);
    return day < 1 || day > 31 ? undefined : (date) => date.getUTCDate() === nearestWeekday(date, day);
  }
  const days = valuesOf(field, 1, 31);
  return days && ((date) => days.includes(date.getUTCDate()));
}

/** The weekday, Monday to Friday, nearest to `day` within the month. */
function nearestWeekday(month: Date, day: number): number | undefined {
  const last = daysIn(month);
  if (day > last) return undefined;
  const isWeekday = (it: number) => {
    const weekday = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), it)).getUTCDay();
    return it >= 1 && it <= last && weekday !== 0 && weekday !== 6;
  };
  return [0, -1, 1, -2, 2].map((offset) => day + offset).find(isWeekday);
}

function testOfWeekdays(field: string): DayTest | undefined {
  // L is the last day of the week.
  if (field === "L") return (date) => weekdayOf(date) === 7;
  const [, name = "", kind, count] = /^(\w+?)(?:(L)|#(\d))$/.exec(field) ?? [];
  if (name !== "") {
    const weekday = numberOf(name, 1, 7, WEEKDAYS);
    const occurrence = Number(count ?? 1);
    if (weekday === undefined || occurrence < 1 || occurrence > 5) return undefined;
    return kind === "L"
      ? (date) => weekdayOf(date) === weekday && date.getUTCDate() > daysIn(date) - 7
      : (date) => weekdayOf(date) === weekday && Math.ceil(date.getUTCDate() / 7) === occurrence;
  }
  const weekdays = field.includes("/") ? undefined : valuesOf(field, 1, 7, WEEKDAYS);
  return weekdays && ((date) => weekdays.includes(weekdayOf(date)));
}

/**
 * The values of a list of numbers, ranges and increments, in order; undefined if one is invalid. A range whose end
 * precedes its start wraps around, as AWS's example `0/30 20-2 ? * MON-FRI *` wraps at midnight; years cannot.
 */
function valuesOf(field: string, minimum: number, maximum: number, names: string[] = []): number[] | undefined {
  const taken = new Set<number>();
  for (const part of field.split(",")) {
    const [, from = "", to, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
    if (from === "*" && to !== undefined) return undefined;
    const first = from === "*" ? minimum : numberOf(from, minimum, maximum, names);
    const only = from !== "*" && step === undefined ? first : maximum;
    const last = to === undefined ? only : numberOf(to, minimum, maximum, names);
    const increment = Number(step ?? 1);
    if (first === undefined || last === undefined || increment < 1) return undefined;
    if (last < first && maximum === LAST_YEAR) return undefined;
    const count = maximum - minimum + 1;
    const span = last < first ? last - first + count : last - first;
    for (let offset = 0; offset <= span; offset += increment) taken.add(minimum + ((first - minimum + offset) % count));
  }
  return [...taken].sort((a, b) => a - b);
}

function numberOf(text: string, minimum: number, maximum: number, names: string[] = []): number | undefined {
  const value = names.includes(text) ? names.indexOf(text) + 1 : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= minimum && value <= maximum ? value : undefined;
}
