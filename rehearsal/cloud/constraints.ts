import { readFileSync } from "node:fs";
import path from "node:path";
import { isCommon } from "./constraints/declaredErrors";
import { refusal, unreadable } from "./constraints/refusal";
import { type Check, compile, type Shape, type TypeMismatch, type Violation } from "./constraints/shape";
import { type AwsError, awsError } from "./service";

/** AWS's service model of one operation. */
export interface OperationModel {
  input: Shape;
  /** Error codes that the operation may return. */
  errors: string[];
}

const MODELS = path.join(__dirname, "constraints", "models");

// Read when a service is first called; each operation is compiled on its first call. Shared by all accounts.
const models = new Map<string, Record<string, OperationModel>>();
const checks = new Map<OperationModel, Check>();

/** @param service its signing name */
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
 * Checks a request against AWS's model of the operation: required members, types, lengths, ranges, patterns and
 * enumerations. Unknown members are ignored, as in AWS.
 * @throws AwsError as the service returns it
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
 * Returns the error if AWS declares it for the operation. Otherwise the simulated service is wrong, and callers must
 * not rely on the error: it becomes a fault of the rehearsal.
 */
export function checkedError(service: string, operation: string, error: AwsError): AwsError {
  const model = modelOf(service, operation);
  const { code } = error;
  // Not errors of AWS: an operation, or part of one, that is not simulated.
  if (model === undefined || code === "NotSimulated" || code === "RehearsalFault") return error;
  if (model.errors.includes(code) || isCommon(service, code)) return error;
  return awsError(
    "RehearsalFault",
    `${service}:${operation} answered ${code}, which AWS does not declare for it: correct rehearsal/cloud. It said: ${error.message}`,
    501,
  );
}
