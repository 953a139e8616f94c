import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Program } from "../../rehearsal/program";
import { ROOT } from "./support";

/** A text that a stack registers, and where: `slipway-fetch-function [aws:lambda/function:Function] code.__index.js`. */
export interface RegisteredText {
  where: string;
  text: string;
}

type Registered = Pick<Program["registrations"][number], "type" | "name" | "inputs">;

/** Every text of a stack's resources, as AWS and its machines will read it: user data decoded, archives unpacked. */
export const registeredTexts = (registrations: Registered[]): RegisteredText[] =>
  registrations.flatMap(({ type, name, inputs }) => textsIn(inputs, `${name} [${type}]`, " "));

function textsIn(value: unknown, where: string, separator: string): RegisteredText[] {
  if (typeof value === "string") return [value, ...decoded(value)].map((text) => ({ where, text }));
  if (value === null || typeof value !== "object") return [];
  const { kind, path: file } = value as { kind?: unknown; path?: unknown };
  if ((kind === "archive" || kind === "asset") && typeof file === "string") return textsOfFiles(file, where);
  // The entries of an archive stand under `assets`, its text under `text`.
  return Object.entries(value).flatMap(([key, item]) =>
    kind !== undefined && (key === "assets" || key === "text")
      ? textsIn(item, where, separator)
      : textsIn(item, `${where}${separator}${key}`, "."),
  );
}

/** Whatever is base64 from end to end, and long enough not to be a word. */
const decoded = (value: string): string[] =>
  /^[A-Za-z0-9+/]{40,}={0,2}$/.test(value) ? [Buffer.from(value, "base64").toString("utf8")] : [];

function textsOfFiles(file: string, where: string): RegisteredText[] {
  const folder = path.join(ROOT, file);
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((each) => ({ where: `${where} ${path.relative(folder, each)}`, text: readFileSync(each, "utf8") }));
}
