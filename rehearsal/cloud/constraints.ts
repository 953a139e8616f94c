import { readFileSync } from "node:fs";
import path from "node:path";
import { isCommon } from "./constraints/declaredErrors";
import { refusal, unreadable } from "./constraints/refusal";
import { type Check, compile, type Shape, type TypeMismatch, type Violation } from "./constraints/shape";
import { type AwsError, awsError } from "./service";

/** What AWS's service model says of one operation. */
export interface OperationModel {
  input: Shape;
  /** Codes of the errors that the operation may answer. */
  errors: string[];
}

const MODELS = path.join(__dirname, "constraints", "models");

// Read when a service is first called, and compiled when an operation is: once, for all accounts of this process.
const models = new Map<string, Record<string, OperationModel>>();
const checks = new Map<OperationModel, Check>();

/** @param service the name that requests are signed for */
export function modelOf(service: string, operation: string): OperationModel | undefined {
  let model = models.get(service);
  if (model === undefined) {
    model = readModel(service);
    models.set(service, model);
  }
  return Object.hasOwn(model, operation) ? model[operation] : undefined;
}

function readModel(service: string): Record<string, OperationModel> {
  try {
    return JSON.parse(readFileSync(path.join(MODELS, `${service}.json`), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/**
 * Checks a request against AWS's model of the operation: members that are required, types, lengths, ranges, patterns and
 * enumerations. Unknown members are ignored, as AWS ignores them.
 * @throws AwsError as the service answers it
 */
export function checkRequest(service: string, operation: string, input: object): void {
  const model = modelOf(service, operation);
  if (model === undefined) return;
  const check = checks.get(model) ?? compile(model.input);
  checks.set(model, check);
  const found: Violation[] = [];
  try {
    check(input, "", found);
  } catch (error) {
    if ((error as Error).name !== "TypeMismatch") throw error;
    throw unreadable((error as TypeMismatch).path, (error as Error).message);
  }
  if (found.length > 0) throw refusal(service, operation, found);
}

/**
 * An error as the account may answer it. One that AWS does not declare for the operation is a mistake in the simulated
 * service, which a caller must not come to rely on: it becomes a fault of the rehearsal.
 */
export function checkedError(service: string, operation: string, error: AwsError): AwsError {
  const model = modelOf(service, operation);
  const { code } = error;
  // Not errors of AWS: an operation, or a part of it, that is not simulated.
  if (model === undefined || code === "NotSimulated" || code === "RehearsalFault") return error;
  if (model.errors.includes(code) || isCommon(service, code)) return error;
  return awsError(
    "RehearsalFault",
    `${service}:${operation} answered ${code}, which AWS does not declare for it: correct rehearsal/cloud. It said: ${error.message}`,
    501,
  );
}
