import path from "node:path";
import type { InvocationRequest, InvocationResponse } from "@aws-sdk/client-lambda";
import type { FunctionEventInvokeConfigArgs } from "@pulumi/aws/lambda/functionEventInvokeConfig";
import type { PermissionArgs } from "@pulumi/aws/lambda/permission";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import {
  createAsynchronousInvocations,
  defaultLimits,
  type EventLimits,
  type FailedEvent,
} from "./lambda/asynchronousInvocation";
import { configure, type FunctionConfiguration } from "./lambda/configuration";
import { type EventSourceMapping, poll, readMapping } from "./lambda/eventSourceMapping";
import { createInvoker, type Invocation, type Invoker } from "./lambda/invoker";
import { lambdaProtocol } from "./lambda/protocol";
import { writeRuntime } from "./lambda/runtimeFiles";
import type { Statement } from "./policies";
import { awsError, type Cloud, type Created, type Declaration, isAwsError, operation, type Service } from "./service";

interface LambdaFunction {
  configuration: FunctionConfiguration;
  invoker: Invoker;
  /** Statements of the function's resource policy, one per permission. */
  statements: Statement[];
  /** For asynchronous invocations. */
  limits: EventLimits;
}

// "Lambda quotas": the payload of a request, by invocation type.
const MAXIMUM_PAYLOAD = { RequestResponse: 6_291_456, Event: 1_048_576, DryRun: 6_291_456 };

const PERMISSION_INPUTS: (keyof PermissionArgs)[] = [
  "action",
  "function",
  "principal",
  "sourceArn",
  "sourceAccount",
  "statementId",
  "statementIdPrefix",
  "region",
];

/** AWS Lambda: functions in their own processes, their resource policies, and event source mappings of SQS queues. */
export function createLambda(cloud: Cloud): Service {
  const functions = new Map<string, LambdaFunction>();
  const mappings: EventSourceMapping[] = [];
  let runtime: Promise<string> | undefined;
  let stopped = false;
  const asynchronous = createAsynchronousInvocations(cloud.clock, {
    repeats: cloud.repeatsInvocations,
    isStopped: () => stopped,
  });

  const bootstrap = () => {
    runtime ??= writeRuntime(path.join(cloud.directory, "runtime"));
    return runtime;
  };

  /** @param reference a function's name, ARN, or the part of the ARN from the account on */
  function arnOf(reference: string): string {
    return cloud.arn("lambda", `function:${reference.split(":").at(-1)}`);
  }

  function find(reference: string): LambdaFunction {
    const arn = arnOf(reference);
    const found = functions.get(arn);
    if (found === undefined) throw awsError("ResourceNotFoundException", `Function not found: ${arn}`, 404);
    return found;
  }

  async function createFunction(declaration: Declaration): Promise<Created> {
    const configuration = await configure(cloud, declaration);
    const { name, arn, codeSha256, codeSize, logGroup, logFormat } = configuration;
    if (functions.has(arn)) throw awsError("ResourceConflictException", `Function already exist: ${name}`, 409);
    functions.set(arn, {
      configuration,
      invoker: createInvoker(cloud, configuration, bootstrap),
      statements: [],
      limits: defaultLimits,
    });
    return {
      id: name,
      outputs: {
        arn,
        name,
        qualifiedArn: `${arn}:$LATEST`,
        version: "$LATEST",
        invokeArn: invokeArn(arn),
        qualifiedInvokeArn: invokeArn(`${arn}:$LATEST`),
        codeSha256,
        sourceCodeHash: codeSha256,
        sourceCodeSize: codeSize,
        lastModified: new Date(cloud.clock.now()).toISOString(),
        loggingConfig: { logGroup, logFormat },
      },
    };
  }

  // The address with which API Gateway names a function.
  const invokeArn = (arn: string) =>
    `arn:${cloud.partition}:apigateway:${cloud.region}:lambda:path/2015-03-31/functions/${arn}/invocations`;

  function addPermission(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<PermissionArgs>>(declaration, PERMISSION_INPUTS);
    const { configuration, statements } = find(String(inputs.function));
    const statementId = inputs.statementId ?? `${inputs.statementIdPrefix ?? "pulumi-"}${cloud.id(16)}`;
    const { sourceArn, sourceAccount } = inputs;
    const condition = {
      ...(sourceArn === undefined ? {} : { ArnLike: { "AWS:SourceArn": sourceArn } }),
      ...(sourceAccount === undefined ? {} : { StringEquals: { "AWS:SourceAccount": sourceAccount } }),
    };
    statements.push({
      Sid: statementId,
      Effect: "Allow",
      Principal: /^[\w.-]+\.amazonaws\.com(\.cn)?$/.test(inputs.principal)
        ? { Service: inputs.principal }
        : { AWS: inputs.principal },
      Action: inputs.action,
      Resource: configuration.arn,
      ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
    });
    return { id: statementId, outputs: { statementId } };
  }

  function limitEvents(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<FunctionEventInvokeConfigArgs>>(declaration, [
      "functionName",
      "maximumRetryAttempts",
      "maximumEventAgeInSeconds",
      "destinationConfig",
      "region",
    ]);
    const { maximumRetryAttempts = 2, maximumEventAgeInSeconds = 21_600 } = inputs;
    if (maximumRetryAttempts < 0 || maximumRetryAttempts > 2)
      throw awsError("ValidationException", `maximumRetryAttempts ${maximumRetryAttempts} must be from 0 to 2.`);
    if (maximumEventAgeInSeconds < 60 || maximumEventAgeInSeconds > 21_600)
      throw awsError("ValidationException", `maximumEventAge ${maximumEventAgeInSeconds} must be from 60 to 21600.`);
    const found = find(inputs.functionName);
    found.limits = {
      retryAttempts: maximumRetryAttempts,
      maximumAge: maximumEventAgeInSeconds * 1000,
      onFailure: failureTopic(found.configuration, inputs.destinationConfig),
    };
    return { id: found.configuration.arn };
  }

  /** Publishes failed events to a destination's topic, under the function's role. */
  function failureTopic(
    { arn, role }: FunctionConfiguration,
    destinations: Unwrap<FunctionEventInvokeConfigArgs>["destinationConfig"],
  ): EventLimits["onFailure"] {
    const { onFailure, onSuccess } = destinations ?? {};
    if (onSuccess !== undefined || (onFailure !== undefined && !/^arn:[^:]+:sns:/.test(onFailure.destination)))
      throw new Error("The rehearsal only simulates SNS topics as destinations of failed events.");
    if (onFailure === undefined) return undefined;
    return (failed) => {
      const input = { TopicArn: onFailure.destination, Message: destinationRecord(cloud, arn, failed) };
      cloud.call({ kind: "role", arn: role }, "sns", "Publish", input).catch((error: unknown) => {
        // Lambda drops an event that its destination rejects. A denial is recorded with the account's decisions. Status
        // 501 is a failure of the rehearsal.
        if (!isAwsError(error) || error.status === 501) throw error;
      });
    };
  }

  async function createMapping(declaration: Declaration): Promise<Created> {
    const mapping = await readMapping(cloud, declaration, find);
    mappings.push(mapping);
    const uuid = cloud.id(32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    const { arn } = mapping.target.configuration;
    return {
      id: uuid,
      outputs: {
        uuid,
        arn: cloud.arn("lambda", `event-source-mapping:${uuid}`),
        functionArn: arn,
        state: mapping.enabled ? "Enabled" : "Disabled",
      },
    };
  }

  async function invoke(input: InvocationRequest): Promise<InvocationResponse> {
    const { invoker, limits } = find(input.FunctionName ?? "");
    const { InvocationType = "RequestResponse", Qualifier = "$LATEST", LogType = "None" } = input;
    if (LogType !== "None") throw awsError("NotSimulated", `lambda:Invoke: LogType ${LogType} is not simulated.`, 501);
    if (Qualifier !== "$LATEST")
      throw awsError("NotSimulated", `lambda:Invoke: the version ${Qualifier} is not simulated: only $LATEST is.`, 501);
    const payload = checkedPayload(input.Payload, MAXIMUM_PAYLOAD[InvocationType]);
    switch (InvocationType) {
      case "DryRun":
        return { StatusCode: 204 };
      case "Event":
        asynchronous.invokeLater(invoker, payload, limits);
        return { StatusCode: 202 };
      case "RequestResponse":
        return answer(await invoker.invoke(payload));
    }
  }

  return {
    name: "lambda",
    protocol: lambdaProtocol,
    resources: {
      "aws:lambda/function:Function": createFunction,
      "aws:lambda/permission:Permission": addPermission,
      "aws:lambda/eventSourceMapping:EventSourceMapping": createMapping,
      "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": limitEvents,
    },
    policyOf(arn) {
      const statements = functions.get(arn)?.statements ?? [];
      return statements.length === 0 ? undefined : { Version: "2012-10-17", Statement: statements };
    },
    operations: {
      Invoke: operation<InvocationRequest, InvocationResponse>({
        permissions: ({ FunctionName = "" }) => [{ action: "lambda:InvokeFunction", resource: arnOf(FunctionName) }],
        perform: invoke,
      }),
    },
    start() {
      for (const mapping of mappings) if (mapping.enabled) void poll(cloud, mapping, () => stopped);
    },
    async stop() {
      stopped = true;
      await Promise.all([...functions.values()].map((it) => it.invoker.stop()));
    },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const destinationRecord = (
  cloud: Cloud,
  arn: string,
  { requestId, payload, condition, attempts, response }: FailedEvent,
): string =>
  JSON.stringify({
    version: "1.0",
    timestamp: new Date(cloud.clock.now()).toISOString(),
    requestContext: {
      requestId,
      functionArn: `${arn}:$LATEST`,
      condition,
      approximateInvokeCount: attempts,
    },
    requestPayload: JSON.parse(payload),
    ...(response !== undefined && {
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: JSON.parse(response),
    }),
  });

/** The payload of a request as JSON text; an empty object if there is none. */
function checkedPayload(payload: Uint8Array | string | undefined, maximum: number): string {
  const size = payload === undefined ? 0 : Buffer.byteLength(payload);
  if (size > maximum)
    throw awsError(
      "RequestTooLargeException",
      `${size} byte payload is too large for the invocation type (limit ${maximum} bytes)`,
      413,
    );
  const text = payload === undefined || size === 0 ? "{}" : Buffer.from(payload).toString("utf8");
  try {
    JSON.parse(text);
  } catch (error) {
    throw awsError("InvalidRequestContentException", `Could not parse request body into json: ${String(error)}`);
  }
  return text;
}

function answer({ payload, error }: Invocation): InvocationResponse {
  return {
    StatusCode: 200,
    ExecutedVersion: "$LATEST",
    Payload: Buffer.from(payload) as unknown as InvocationResponse["Payload"],
    FunctionError: error === undefined ? undefined : "Unhandled",
  };
}
