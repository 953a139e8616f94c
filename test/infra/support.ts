import path from "node:path";
import type { Registration } from "../../rehearsal/monitor";
import type { Program } from "../../rehearsal/program";
import { evaluatedStack } from "../evaluation/client";

export { DIGEST, GENERATED, ROTATED } from "../evaluation/provider";

export const ROOT = path.resolve(__dirname, "../..");

export interface Stack {
  /** Name of one of the stack files of the scenarios. Default: dev. */
  stack?: string;
  /** Configuration instead of the stack file's; structured values as JSON. */
  settings?: Record<string, unknown>;
  partition?: string;
  region?: string;
}

/**
 * Evaluates index.ts as a stack, against a provider that makes up names and ARNs. Each distinct stack is evaluated once, for
 * all test files and all runs, until a file changes that the evaluation has read.
 */
export function evaluateStack({
  stack = "dev",
  settings,
  partition = "aws",
  region = "us-east-1",
}: Stack = {}): Promise<Program> {
  return evaluatedStack({ stack, values: settings && asValues(settings), partition, region });
}

/** Settings as Pulumi hands them over: every value is text. */
export const asValues = (settings: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );

// The stacks in China are called after their regions.
const stackInChina = (region: string) => evaluateStack({ stack: region, partition: "aws-cn", region });

export const stackDev = (): Promise<Program> => evaluateStack();
export const stackProd = (): Promise<Program> => evaluateStack({ stack: "prod" });
/** Polls, and leads GitHub's networks through the NAT instance. */
export const stackBeijing = (): Promise<Program> => stackInChina("cn-north-1");
/** Takes webhooks, and leads everything through the NAT instance. */
export const stackNingxia = (): Promise<Program> => stackInChina("cn-northwest-1");

/** The resources of one type, by name. */
export const ofType = ({ registrations }: Program, type: string): Map<string, Registration> =>
  new Map(registrations.filter((it) => it.type === type).map((it) => [it.name, it]));

/** The one resource of that type and name. */
export function resource(program: Program, type: string, name: string): Registration {
  const found = ofType(program, type).get(name);
  if (found === undefined) throw new Error(`no ${type} is called ${name}`);
  return found;
}

export interface PolicyStatement {
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
}

/** What a function of the program is given. */
export function optionsOf(program: Program, name: string): object {
  const { environment } = resource(program, "aws:lambda/function:Function", `${name}-function`).inputs;
  const { variables } = environment as { variables: { OPTIONS: string } };
  return JSON.parse(variables.OPTIONS);
}

/** The statements of a policy document. */
export const statementsOf = (document: unknown): PolicyStatement[] => JSON.parse(String(document)).Statement;

/** What a role of the program may do. */
export const roleStatements = (program: Program, role: string): PolicyStatement[] =>
  statementsOf(resource(program, "aws:iam/rolePolicy:RolePolicy", `${role}-policy`).inputs.policy);
