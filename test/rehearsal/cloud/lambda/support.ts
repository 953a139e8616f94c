import type { InvocationRequest, InvocationResponse } from "@aws-sdk/client-lambda";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import type { TestCloud } from "../../support";

export interface TestFunction {
  name: string;
  arn: string;
  /** Invokes as the operator, and reads the answer. */
  invoke(event?: unknown): Promise<{ value: unknown; error?: string }>;
}

/** What Lambda's own writing of logs takes. */
export const LOGGING = {
  Effect: "Allow",
  Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
  Resource: "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/*",
};

/**
 * Declares a function of this CommonJS text, its log group, and a role of its own that may write logs.
 * @param statements what its role may do beside
 */
export async function declareFunction(
  cloud: TestCloud,
  name: string,
  text: string,
  inputs: Record<string, unknown> = {},
  statements: object[] = [],
): Promise<TestFunction> {
  await cloud.declare("aws:cloudwatch/logGroup:LogGroup", name, { name: `/aws/lambda/${name}`, retentionInDays: 14 });
  const { outputs } = await cloud.declare("aws:lambda/function:Function", name, {
    name,
    runtime: "nodejs24.x",
    handler: "__index.handler",
    role: await cloud.role(name, "lambda.amazonaws.com", [LOGGING, ...statements]),
    code: { kind: "archive", assets: { "__index.js": { kind: "asset", text } } },
    ...inputs,
  });
  return {
    name,
    arn: String(outputs.arn),
    async invoke(event = {}) {
      const answer = await cloud.call<InvocationRequest, InvocationResponse>({ kind: "operator" }, "lambda", "Invoke", {
        FunctionName: name,
        Payload: Buffer.from(JSON.stringify(event)),
      });
      return { value: JSON.parse(Buffer.from(answer.Payload ?? []).toString("utf8")), error: answer.FunctionError };
    },
  };
}

/** The lines that a log group got so far. */
export const linesOf = (cloud: TestCloud, group: string): string[] =>
  cloud.events.filter((it) => it.kind === "log" && it.group === group).map((it) => (it as { line: string }).line);

export const isKind =
  <K extends CloudEvent["kind"]>(kind: K) =>
  (event: CloudEvent): event is Extract<CloudEvent, { kind: K }> =>
    event.kind === kind;
