interface CronField {
  label: string;
  from: number;
  to: number;
  /** Names of the values, in ascending order. */
  names: string[];
  /** Wildcards besides `,` `-` and `*`. */
  wildcards: string;
}

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
const FIELDS: readonly CronField[] = [
  { label: "minutes", from: 0, to: 59, names: [], wildcards: "/" },
  { label: "hours", from: 0, to: 23, names: [], wildcards: "/" },
  { label: "day-of-month", from: 1, to: 31, names: [], wildcards: "?/LW" },
  {
    label: "month",
    from: 1,
    to: 12,
    names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    wildcards: "/",
  },
  { label: "day-of-week", from: 1, to: 7, names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], wildcards: "?L#" },
  { label: "year", from: 1970, to: 2199, names: [], wildcards: "/" },
];

const DAY_OF_MONTH = 2;
const DAY_OF_WEEK = 4;

/** The normalised expression: names in capitals, one space between fields. */
export function cronExpression(cron: string): string {
  return `cron(${words(cron).join(" ").toUpperCase()})`;
}

export function rateExpression(rate: string): string {
  return `rate(${words(rate).join(" ")})`;
}

/** Errors in a cron expression. Each one starts with the field. */
export function cronMistakes(cron: string): string[] {
  if (/^\s*cron\s*\(/i.test(cron)) {
    return ["write it without cron( and )"];
  }
  const fields = words(cron.toUpperCase());
  if (fields.length !== FIELDS.length) {
    return [`has ${fields.length} fields, expected 6: ${FIELDS.map(({ label }) => label).join(" ")}`];
  }
  const mistakes = FIELDS.flatMap((field, index) => {
    const mistake = fieldMistake(field, fields[index] ?? "");
    return mistake === undefined ? [] : [`${field.label} ${fields[index]}: ${mistake}`];
  });
  if ((fields[DAY_OF_MONTH] === "?") === (fields[DAY_OF_WEEK] === "?")) {
    mistakes.push("exactly one of day-of-month and day-of-week must be ?, because EventBridge uses only one of them");
  }
  return mistakes;
}

/** Errors in a rate. */
export function rateMistakes(rate: string): string[] {
  if (/^\s*rate\s*\(/i.test(rate)) {
    return ["write it without rate( and )"];
  }
  const [value = "", unit = "", ...more] = words(rate);
  if (!/^[1-9]\d{0,8}$/.test(value) || !/^(minute|hour|day)s?$/.test(unit) || more.length > 0) {
    return ["expected a number above 0 and minutes, hours or days, such as 5 minutes"];
  }
  // EventBridge rejects `1 minutes` and `5 minute`.
  const right = unit.replace(/s$/, "") + (value === "1" ? "" : "s");
  return unit === right ? [] : [`write it as ${value} ${right}`];
}

function fieldMistake(field: CronField, text: string): string | undefined {
  if (text === "*" || (text === "?" && field.wildcards.includes("?"))) {
    return undefined;
  }
  if (isSpecial(field, text)) {
    return undefined;
  }
  for (const item of text.split(",")) {
    const mistake = itemMistake(field, item);
    if (mistake !== undefined) {
      return mistake;
    }
  }
  return undefined;
}

/** Values that must be the only one in their field: the last day, the weekday nearest to a day, the nth weekday of a month. */
function isSpecial(field: CronField, text: string): boolean {
  switch (field.label) {
    case "day-of-month":
      return text === "L" || (text.endsWith("W") && numberOf(field, text.slice(0, -1)) !== undefined);
    case "day-of-week": {
      const [day = "", week] = text.split("#");
      return week === undefined
        ? text === "L" || (text.endsWith("L") && numberOf(field, text.slice(0, -1)) !== undefined)
        : numberOf(field, day) !== undefined && /^[1-5]$/.test(week) && text.split("#").length === 2;
    }
    default:
      return false;
  }
}

/** A value, a range, or steps of either or of `*`. */
function itemMistake(field: CronField, item: string): string | undefined {
  const [range = "", step, ...more] = item.split("/");
  if (step !== undefined && !field.wildcards.includes("/")) {
    return "steps (/) are not allowed in this field";
  }
  const [first = "", last, ...further] = range.split("-");
  const from = numberOf(field, first);
  const to = last === undefined ? from : numberOf(field, last);
  const isAll = range === "*" && step !== undefined;
  if (more.length > 0 || further.length > 0 || (!isAll && (from === undefined || to === undefined))) {
    return `${item === "" ? "a value is missing" : `${item} is not valid`}; allowed: ${allowed(field)}`;
  }
  // Ranges may wrap around, except in the year: AWS's own example is 0/30 20-2 ? * MON-FRI *.
  if (field.label === "year" && from !== undefined && to !== undefined && from > to) {
    return `range ${range} runs backwards: write the earlier year first`;
  }
  if (step !== undefined && !(/^[1-9]\d*$/.test(step) && Number(step) <= field.to)) {
    return `step ${step === "" ? "is missing" : `${step} is not valid`}; allowed: 1 to ${field.to}`;
  }
  return undefined;
}

function numberOf({ from, to, names }: CronField, text: string): number | undefined {
  const index = names.indexOf(text);
  const value = index >= 0 ? from + index : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

function allowed({ from, to, names, wildcards }: CronField): string {
  const named = names.length > 0 ? ` or ${names[0]}-${names.at(-1)}` : "";
  return `${from}-${to}${named}, and ${[",", "-", "*", ...wildcards].join(" ")}`;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
