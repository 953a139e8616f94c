/**
 * Checks and converts one configuration value.
 * @param path of the value, for error messages: `slipway:applications[0].name`
 * @param mistakes gets one line for each mistake
 * @returns the value as the program uses it; undefined if it added a mistake
 */
export type Check<T> = (value: unknown, path: string, mistakes: string[]) => T | undefined;

/** A key of an object: its check, and the result if it is absent. */
export interface Field<T> {
  check: Check<T>;
  absent: (path: string, mistakes: string[]) => T | undefined;
}

/** All keys of an object. */
export type Fields<T> = { [K in keyof T]-?: Field<T[K]> };

export function readField<T>(field: Field<T>, value: unknown, path: string, mistakes: string[]): T | undefined {
  return value === undefined ? field.absent(path, mistakes) : field.check(value, path, mistakes);
}

/** A required key. `expected` describes its value: `a name such as storefront`. */
export function required<T>(check: Check<T>, expected: string): Field<T> {
  return { check, absent: (path, mistakes) => fail(mistakes, `${path}: is missing; expected ${expected}`) };
}

/** An optional key; undefined if absent. */
export const optional = <T>(check: Check<T>): Field<T | undefined> => ({ check, absent: () => undefined });

/** An optional key; `value` if absent. */
export const withDefault = <T>(check: Check<T>, value: T): Field<T> => ({ check, absent: () => value });

/** A string that matches `form`. `what` and `allowed` describe it: "a branch", "a name such as main". */
export function text(what: string, allowed: string, form: RegExp): Check<string> {
  return (value, path, mistakes) => {
    if (typeof value === "string" && form.test(value)) return value;
    // YAML parses 8080 as a number and true as a boolean.
    const hint = typeof value === "number" || typeof value === "boolean" ? ", in quotes" : "";
    return fail(mistakes, isNot(path, value, what, allowed + hint));
  };
}

export const boolean: Check<boolean> = (value, path, mistakes) =>
  typeof value === "boolean" ? value : fail(mistakes, isNot(path, value, "a choice", "true, false"));

/** An integer from `from` to `to`, inclusive. */
export function integer(what: string, from: number, to: number): Check<number> {
  return (value, path, mistakes) =>
    typeof value === "number" && Number.isInteger(value) && value >= from && value <= to
      ? value
      : fail(mistakes, isNot(path, value, what, `${from} to ${to}`));
}

/** One of a few values. */
export function oneOf<T extends string | number>(what: string, values: readonly T[]): Check<T> {
  const allowed = values.join(", ");
  return (value, path, mistakes) =>
    values.find((candidate) => candidate === value) ?? fail(mistakes, isNot(path, value, what, allowed));
}

/** A list of `from` to `to` items. `items` names them: "applications". */
export function list<T>(items: string, check: Check<T>, from: number, to = Number.POSITIVE_INFINITY): Check<T[]> {
  const range = to === Number.POSITIVE_INFINITY ? `${from} or more` : `${from} to ${to}`;
  return (value, path, mistakes) => {
    if (!Array.isArray(value)) return fail(mistakes, isNot(path, value, "a list", `a list of ${items}`));
    if (value.length < from || value.length > to)
      return fail(mistakes, `${path}: has ${value.length} ${items}; allowed: ${range}`);
    return failFast(mistakes, () => value.flatMap((item, index) => check(item, `${path}[${index}]`, mistakes) ?? []));
  };
}

/** A map from names of the given form to values. */
export function map<T>(name: Check<string>, check: Check<T>): Check<Record<string, T>> {
  return (value, path, mistakes) => {
    if (!isObject(value)) return fail(mistakes, isNot(path, value, "a map", "a map of names to values"));
    return failFast(mistakes, () => {
      const read = Object.entries(value).flatMap(([key, item]): [string, T][] => {
        name(key, path, mistakes);
        const checked = check(item, `${path}.${key}`, mistakes);
        return checked === undefined ? [] : [[key, checked]];
      });
      return Object.fromEntries(read);
    });
  };
}

/** An object with known keys; any other key is a mistake. A path that ends in `:` is a namespace. */
export function object<T extends object>(fields: Fields<T>): Check<T> {
  const keys = Object.keys(fields) as (keyof T & string)[];
  const allowed = keys.join(", ");
  return (value, path, mistakes) => {
    if (!isObject(value)) return fail(mistakes, isNot(path, value, "a map of settings", allowed));
    const at = (key: string) => (path.endsWith(":") ? `${path}${key}` : `${path}.${key}`);
    return failFast(mistakes, () => {
      for (const key of Object.keys(value))
        if (!Object.hasOwn(fields, key)) fail(mistakes, `${at(key)}: is not a setting; allowed: ${allowed}`);
      const read: Partial<T> = {};
      for (const key of keys) {
        read[key] = readField(fields[key], value[key], at(key), mistakes);
      }
      return read as T;
    });
  };
}

/** A rule about several parts of a value. */
export type Rule<T> = (value: T, path: string, mistakes: string[]) => void;

/** A check followed by rules, which run only if all parts of the value are valid. */
export function ruled<T>(check: Check<T>, ...rules: Rule<T>[]): Check<T> {
  return (value, path, mistakes) => {
    const read = check(value, path, mistakes);
    if (read === undefined) return undefined;
    return failFast(mistakes, () => {
      for (const rule of rules) rule(read, path, mistakes);
      return read;
    });
  };
}

/** Requires distinct values: adds a mistake for each that repeats an earlier one. */
export function distinct(values: { path: string; value: string }[], mistakes: string[]): void {
  const taken = new Map<string, string>();
  for (const { path, value } of values) {
    const other = taken.get(value);
    if (other === undefined) taken.set(value, path);
    else fail(mistakes, `${path}: ${shown(value)} is already used by ${other}; allowed: each value once`);
  }
}

/** The items of a list must be distinct. */
export const eachOnce: Rule<string[]> = (values, path, mistakes) =>
  distinct(
    values.map((value, index) => ({ path: `${path}[${index}]`, value })),
    mistakes,
  );

/** The error message for a value that is not `what`. */
export const isNot = (path: string, value: unknown, what: string, allowed: string): string =>
  `${path}: ${shown(value)} is not ${what}; allowed: ${allowed}`;

/** An invalid value as JSON, truncated to fit into a line. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 79)}…` : json;
}

export function fail(mistakes: string[], line: string): undefined {
  mistakes.push(line);
}

/** The result of `read`, or undefined if it added a mistake. */
function failFast<T>(mistakes: string[], read: () => T): T | undefined {
  const before = mistakes.length;
  const value = read();
  return mistakes.length === before ? value : undefined;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
