/** A shape of AWS's service models, with its constraints. */
export interface Shape {
  type:
    | "structure"
    | "map"
    | "list"
    | "string"
    | "blob"
    | "boolean"
    | "integer"
    | "long"
    | "double"
    | "float"
    | "timestamp";
  required?: string[];
  members?: Record<string, Shape>;
  member?: Shape;
  key?: Shape;
  value?: Shape;
  /** For a string's or blob's length, a list's or map's size, or a number. */
  min?: number;
  max?: number;
  /** A Java regular expression that must match the whole value. */
  pattern?: string;
  enum?: string[];
  /** Exactly one member may be given. */
  union?: boolean;
  /** The name of a shape that contains itself. Its members are not listed again or checked. */
  recursive?: string;
}

/** A value that a constraint rejects. */
export interface Violation {
  /** `logEvents.1.member.message`, as AWS writes it. */
  path: string;
  /** Undefined if the member is missing. */
  value: unknown;
  /** `Member must not be null` */
  constraint: string;
}

/** Adds the value's violations to `found`. */
export type Check = (value: unknown, path: string, found: Violation[]) => void;

/** The value's type differs from the member's: AWS cannot even parse such a request. */
export interface TypeMismatch extends Error {
  path: string;
}

/**
 * Compiles a shape into a check.
 * @throws TypeMismatch from the check, for a value of the wrong type
 */
export function compile(shape: Shape): Check {
  switch (shape.type) {
    case "structure":
      return structure(shape);
    case "list":
      return list(shape);
    case "map":
      return map(shape);
    case "string":
      return text(shape);
    case "integer":
    case "long":
    case "double":
    case "float":
      return numeric(shape);
    case "blob":
      return blob(shape);
    case "boolean":
      return (value, path) => expectType(typeof value === "boolean", value, "Boolean", path);
    case "timestamp":
      return (value, path) =>
        expectType(
          typeof value === "number" || typeof value === "string" || value instanceof Date,
          value,
          "Timestamp",
          path,
        );
  }
}

function structure({ members = {}, required = [], union = false, recursive }: Shape): Check {
  const checks = Object.entries(members).map(([name, shape]) => [name, lowerCamel(name), compile(shape)] as const);
  const needed = new Set(required);
  return (value, path, found) => {
    expectType(isObject(value), value, "Object", path);
    if (recursive !== undefined) return;
    const given = value as Record<string, unknown>;
    let count = 0;
    for (const [name, label, check] of checks) {
      const item = given[name] ?? undefined;
      const at = path === "" ? label : `${path}.${label}`;
      if (item !== undefined) {
        count += 1;
        check(item, at, found);
      } else if (needed.has(name)) found.push({ path: at, value: undefined, constraint: "Member must not be null" });
    }
    if (union && count !== 1) found.push({ path, value, constraint: "Exactly one member must be set" });
  };
}

function list({ member, ...shape }: Shape): Check {
  const check = member && compile(member);
  const size = sizeCheck(shape, "length");
  return (value, path, found) => {
    expectType(Array.isArray(value), value, "List", path);
    const items = value as unknown[];
    size(items.length, value, path, found);
    // AWS counts from 1.
    for (const [index, item] of items.entries()) check?.(item, `${path}.${index + 1}.member`, found);
  };
}

function map({ key, value: item, ...shape }: Shape): Check {
  const checkKey = key && compile(key);
  const checkItem = item && compile(item);
  const size = sizeCheck(shape, "length");
  return (value, path, found) => {
    expectType(isObject(value), value, "Map", path);
    const entries = Object.entries(value as object).filter(([, it]) => it !== undefined && it !== null);
    size(entries.length, value, path, found);
    for (const [name, it] of entries) {
      checkKey?.(name, `${path}.key`, found);
      checkItem?.(it, `${path}.${name}.member`, found);
    }
  };
}

function text({ enum: allowed, pattern, ...shape }: Shape): Check {
  const size = sizeCheck(shape, "length");
  const values = allowed && new Set(allowed);
  const expression = pattern === undefined ? undefined : javaPattern(pattern);
  return (value, path, found) => {
    expectType(typeof value === "string", value, "String", path);
    const it = value as string;
    size(lengthOf(it, shape.max), value, path, found);
    if (values !== undefined && !values.has(it))
      found.push({
        path,
        value,
        constraint: `Member must satisfy enum value set: [${[...values].join(", ")}]`,
      });
    if (expression !== undefined && !expression.test(it))
      found.push({ path, value, constraint: `Member must satisfy regular expression pattern: ${pattern}` });
  };
}

function numeric(shape: Shape): Check {
  const whole = shape.type === "integer" || shape.type === "long";
  const size = sizeCheck(shape, "value");
  return (value, path, found) => {
    expectType(
      typeof value === "number" && (!whole || Number.isInteger(value)),
      value,
      whole ? "Integer" : "Double",
      path,
    );
    size(value as number, value, path, found);
  };
}

function blob(shape: Shape): Check {
  const size = sizeCheck(shape, "length");
  return (value, path, found) => {
    // AWS JSON has base64 text, services pass bytes, and a stream's length is known only at its end.
    if (typeof value === "string") size(Buffer.byteLength(value, "base64"), value, path, found);
    else if (value instanceof Uint8Array) size(value.byteLength, value, path, found);
    else expectType(isObject(value), value, "Blob", path);
  };
}

function sizeCheck({ min, max }: Shape, of: "length" | "value") {
  return (size: number, value: unknown, path: string, found: Violation[]): void => {
    if (min !== undefined && size < min)
      found.push({ path, value, constraint: `Member must have ${of} greater than or equal to ${min}` });
    if (max !== undefined && size > max)
      found.push({ path, value, constraint: `Member must have ${of} less than or equal to ${max}` });
  };
}

/** Characters, counted only if their number may matter. */
const lengthOf = (value: string, max = 0): number => (value.length <= max ? value.length : [...value].length);

/**
 * The pattern in JavaScript syntax. Java's `\p{Print}` is ASCII, and Java allows escapes of ordinary characters, which
 * JavaScript allows only without Unicode.
 */
export function javaPattern(pattern: string): RegExp {
  const source = `^(?:${pattern.replaceAll("\\p{Print}", "[\\x20-\\x7E]")})$`;
  try {
    return new RegExp(source, "u");
  } catch {
    return new RegExp(source);
  }
}

function expectType(holds: boolean, value: unknown, type: string, path: string): void {
  if (holds) return;
  const message = `${tokenOf(value)} can not be converted to ${type === "Integer" ? "an" : "a"} ${type}`;
  throw Object.assign(new Error(message), { name: "TypeMismatch", path } satisfies Partial<TypeMismatch>);
}

/** Jackson's name for the value's token; AWS parses JSON with Jackson. */
function tokenOf(value: unknown): string {
  if (Array.isArray(value)) return "START_ARRAY";
  if (value === null) return "VALUE_NULL";
  if (typeof value === "boolean") return value ? "TRUE_VALUE" : "FALSE_VALUE";
  if (typeof value === "number") return Number.isInteger(value) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
  return typeof value === "string" ? "STRING_VALUE" : "START_OBJECT";
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const lowerCamel = (name: string): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
