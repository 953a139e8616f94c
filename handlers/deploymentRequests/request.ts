import type { Refusal } from "../shared/http/body";
import { IMAGE_TAG } from "../shared/image";

export type RequestVerdict = { kind: "wanted"; application: string; version: string } | Refusal;

const FIELDS = ["application", "version"];

/** Parses and checks the body of `POST /deployments`, which may be any JSON. */
export function readDeployment(value: unknown): RequestVerdict {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { kind: "refused", reason: 'the body is not a JSON object: send {"application": …, "version": …}' };
  }
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    return { kind: "refused", field: unknown, reason: `unknown field: the body takes ${FIELDS.join(" and ")}` };
  }
  const { application, version } = value as Record<string, unknown>;
  if (typeof application !== "string" || application === "") {
    return refused("application", application, "the name of an application");
  }
  if (typeof version !== "string" || !IMAGE_TAG.test(version)) {
    return refused("version", version, "an image tag: at most 128 letters, digits and . _ -, not starting with . or -");
  }
  return { kind: "wanted", application, version };
}

function refused(field: string, value: unknown, expected: string): RequestVerdict {
  const what = value === undefined ? "is missing" : `is ${typeof value === "string" ? "malformed" : "not a string"}`;
  return { kind: "refused", field, reason: `${field} ${what}, expected ${expected}` };
}
