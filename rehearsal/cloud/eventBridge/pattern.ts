import { awsError } from "../service";

/** Whether an event matches the rule's pattern. */
export type Matcher = (event: unknown) => boolean;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Parses an event pattern: exact values, `prefix`, `anything-but` and `exists`.
 * @throws InvalidEventPatternException, or NotSimulated naming any other filter
 */
export function parsePattern(text: string): Matcher {
  let pattern: Json;
  try {
    pattern = JSON.parse(text);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  if (!isObject(pattern)) throw invalid("Filter is not an object");
  return ofObject(pattern, "");
}

function ofObject(pattern: { [key: string]: Json }, path: string): Matcher {
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw invalid("Empty objects are not allowed");
  const fields = entries.map(([key, value]) => [key, ofField(value, path === "" ? key : `${path}.${key}`)] as const);
  const isMatch: Matcher = (value) =>
    Array.isArray(value)
      ? value.some(isMatch)
      : fields.every(([key, matches]) => matches((value as Record<string, unknown> | undefined)?.[key]));
  return isMatch;
}

function ofField(pattern: Json, path: string): Matcher {
  if (path.split(".").at(-1) === "$or") throw notSimulated("$or", path);
  if (isObject(pattern)) {
    const matches = ofObject(pattern, path);
    return (value) => matches(isContainer(value) ? value : undefined);
  }
  if (!Array.isArray(pattern)) throw invalid(`"${path}" must be an object or an array`);
  if (pattern.length === 0) throw invalid("Empty arrays are not allowed");
  const filters = pattern.map((it) => ofFilter(it, path));
  return (value) => filters.some((matches) => matches(value));
}

function ofFilter(filter: Json, path: string): Matcher {
  if (!isObject(filter)) {
    if (Array.isArray(filter)) throw invalid(`"${path}" holds an array in an array`);
    return (value) => each(value).some((it) => it === filter);
  }
  const [[name, operand] = ["", null], ...more] = Object.entries(filter);
  if (more.length > 0) throw invalid(`Only one key allowed in match expression at "${path}"`);
  switch (name) {
    case "prefix":
      if (typeof operand !== "string") throw notSimulated("prefix of anything but a string", path);
      return (value) => each(value).some((it) => typeof it === "string" && it.startsWith(operand));
    case "exists":
      if (typeof operand !== "boolean") throw invalid("exists match pattern must be either true or false.");
      return (value) => (value !== undefined) === operand;
    case "anything-but": {
      const excluded = Array.isArray(operand) ? operand : [operand];
      if (excluded.some(isContainer)) throw notSimulated("anything-but of another filter", path);
      return (value) => each(value).some((it) => !excluded.includes(it as Json));
    }
    default:
      throw notSimulated(name, path);
  }
}

/** An array matches if any element does; a missing field has none. */
const each = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;

const isObject = (value: Json): value is { [key: string]: Json } => isContainer(value) && !Array.isArray(value);

const invalid = (reason: string) =>
  awsError("InvalidEventPatternException", `Event pattern is not valid. Reason: ${reason}`);

const notSimulated = (filter: string, path: string) =>
  awsError("NotSimulated", `The filter ${filter} of an event pattern, at ${path}, is not simulated.`, 501);
