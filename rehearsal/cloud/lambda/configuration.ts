import path from "node:path";
import type { FunctionArgs } from "@pulumi/aws/lambda/function";
import type { Unwrap } from "@pulumi/pulumi";
import type { Archive } from "../../propertyValue";
import { inputsOf } from "../declared";
import type { NetworkInterface } from "../network";
import { awsError, type Cloud, type Declaration } from "../service";
import { unpack } from "./archive";
import { joinNetwork } from "./vpc";

/** A function as Lambda stores it. */
export interface FunctionConfiguration {
  name: string;
  arn: string;
  role: string;
  handler: string;
  runtime: string;
  /** MB */
  memorySize: number;
  /** Seconds. */
  timeout: number;
  environment: Record<string, string>;
  logGroup: string;
  logFormat: "Text" | "JSON";
  reservedConcurrentExecutions?: number;
  /** One in each subnet of its VPC; none if it runs outside any. */
  interfaces: NetworkInterface[];
  /** The unpacked archive. */
  taskRoot: string;
  codeSha256: string;
  codeSize: number;
}

// Tracing, CPU architecture and the size of /tmp have no effect here.
const FUNCTION_INPUTS: (keyof FunctionArgs)[] = [
  "name",
  "code",
  "handler",
  "runtime",
  "role",
  "memorySize",
  "timeout",
  "environment",
  "loggingConfig",
  "reservedConcurrentExecutions",
  "packageType",
  "architectures",
  "ephemeralStorage",
  "tracingConfig",
  "sourceCodeHash",
  "description",
  "tags",
  "region",
  "vpcConfig",
];

// "Defined runtime environment variables": those that a function's configuration cannot set.
const RESERVED = [
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
];

const MAXIMUM_ENVIRONMENT = 4096;

/**
 * Reads a declared function and unpacks its archive.
 * @throws InvalidParameterValueException if Lambda would reject it
 */
export async function configure(cloud: Cloud, declaration: Declaration): Promise<FunctionConfiguration> {
  const inputs = inputsOf<Unwrap<FunctionArgs>>(declaration, FUNCTION_INPUTS);
  const name = cloud.physicalName(declaration, inputs.name);
  if (!/^[\w-]{1,64}$/.test(name))
    throw invalid(`functionName ${name} must be of 1 to 64 letters, digits, hyphens and underscores.`);
  const runtime = checkRuntime(name, inputs);
  const environment = checkEnvironment(inputs.environment?.variables ?? {});
  const { logGroup = `/aws/lambda/${name}`, logFormat = "Text", ...levels } = inputs.loggingConfig ?? {};
  const level = Object.entries(levels).find(([, value]) => value !== undefined);
  if (level !== undefined)
    throw new Error(`${name}: loggingConfig.${level[0]} ${level[1]} is not simulated: leave it out.`);
  if (inputs.handler === undefined || inputs.code === undefined)
    throw invalid(`${name}: handler and code are mandatory for functions created with deployment packages.`);
  within(name, "ephemeralStorage.size", inputs.ephemeralStorage?.size ?? 512, 512, 10_240);
  await checkRole(cloud, inputs.role);
  const { directory, codeSha256, size } = await unpack(
    inputs.code as unknown as Archive,
    path.join(cloud.directory, "functions", name),
  );
  return {
    name,
    arn: cloud.arn("lambda", `function:${name}`),
    role: inputs.role,
    handler: inputs.handler,
    runtime,
    memorySize: within(name, "memorySize", inputs.memorySize ?? 128, 128, 10_240),
    timeout: within(name, "timeout", inputs.timeout ?? 3, 1, 900),
    environment,
    logGroup,
    logFormat: logFormat === "JSON" ? "JSON" : "Text",
    reservedConcurrentExecutions: inputs.reservedConcurrentExecutions,
    interfaces: await joinNetwork(cloud, inputs.role, inputs.vpcConfig),
    taskRoot: directory,
    codeSha256,
    codeSize: size,
  };
}

function checkRuntime(name: string, { runtime, packageType = "Zip" }: Unwrap<FunctionArgs>): string {
  if (packageType !== "Zip") throw new Error(`${name}: packageType ${packageType} is not simulated: use Zip.`);
  const major = process.versions.node.split(".")[0];
  if (runtime !== `nodejs${major}.x`)
    throw new Error(
      `${name}: the runtime ${runtime} cannot be rehearsed: functions run on this Node.js, ${process.version}, so declare nodejs${major}.x or run that Node.js.`,
    );
  return runtime;
}

function checkEnvironment(variables: Record<string, string>): Record<string, string> {
  const reserved = Object.keys(variables).filter((it) => RESERVED.includes(it));
  const refusal =
    "Lambda was unable to configure your environment variables because the environment variables you have provided";
  if (reserved.length > 0)
    throw invalid(
      `${refusal} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(", ")}`,
    );
  const size = Buffer.byteLength(JSON.stringify(variables));
  if (size > MAXIMUM_ENVIRONMENT) throw invalid(`${refusal} exceeded the 4KB limit: ${size} bytes.`);
  return variables;
}

async function checkRole(cloud: Cloud, role: string): Promise<void> {
  try {
    await cloud.assumeRole("lambda.amazonaws.com", role);
  } catch (error) {
    throw invalid(`The role defined for the function cannot be assumed by Lambda. (${(error as Error).message})`);
  }
}

function within(name: string, field: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw invalid(`${name}: ${field} ${value} must be a whole number from ${minimum} to ${maximum}.`);
}

const invalid = (message: string) => awsError("InvalidParameterValueException", message);
