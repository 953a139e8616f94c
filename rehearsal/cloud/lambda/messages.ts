/** Messages between the account and a function's process, over Node's IPC channel. */
import type { Address } from "../network/connections";

/** An error as the runtime reports it: the payload of a failed invocation. */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** Settings of the bootstrap, besides the environment variables of a function on Lambda. */
export interface RuntimeSettings {
  /** A module path from which the packages in the Lambda runtime resolve. */
  provided: string;
  /** Milliseconds from this machine's time to the account's. */
  clockOffset: number;
  logFormat: "Text" | "JSON";
  /** A folder for compiled code, shared by all runs: the SDK is compiled once. V8 checks that the source matches. */
  compileCache: string;
}

export interface Invoke {
  kind: "invoke";
  requestId: string;
  invokedFunctionArn: string;
  /** JSON */
  payload: string;
  /** Milliseconds. */
  timeout: number;
  clockOffset: number;
}

export type ToFunction = Invoke | Address;

export type FromFunction =
  | { kind: "initialized" }
  | { kind: "log"; line: string }
  | { kind: "resolve"; host: string; port: number }
  | { kind: "succeeded"; payload: string }
  | { kind: "failed"; error: FunctionError }
  /** The process exits after this. */
  | { kind: "crashed"; error: FunctionError };
