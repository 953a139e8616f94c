import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./model";
import { checkSettings } from "./schema";

export type * from "./model";

/**
 * Reads the stack's configuration.
 * @throws pulumi.RunError with one line for each mistake, which `pulumi up` prints without a stack trace
 */
export function readSettings(): Settings {
  const configuration = Object.entries(pulumi.runtime.allConfig());
  const raw = Object.fromEntries(configuration.map(([key, value]) => [key, parse(value)]));
  const checked = checkSettings(raw, secretKeys());
  if (!checked.ok) throw new pulumi.RunError(checked.mistakes.join("\n"));
  return checked.settings;
}

/** Pulumi passes every value as a string: structured values as JSON, numbers and booleans as written. */
function parse(value: string): unknown {
  if (!/^([[{]|-?\d+$|true$|false$)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

// pulumi.Config cannot tell whether a value is secret, but the language host can (sdk/nodejs/runtime/config.ts).
const secretKeys = (): string[] => JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || "[]");
