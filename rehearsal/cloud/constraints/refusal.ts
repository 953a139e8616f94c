import { type AwsError, awsError } from "../service";
import type { Violation } from "./shape";

// Services whose code for a rejected request is not ValidationException. Query protocol services use ValidationError.
const CODES: Record<string, string> = {
  autoscaling: "ValidationError",
  codebuild: "InvalidInputException",
  ecr: "InvalidParameterException",
  ecs: "InvalidParameterException",
  elasticloadbalancing: "ValidationError",
  logs: "InvalidParameterException",
  monitoring: "ValidationError",
  s3: "InvalidArgument",
  sns: "ValidationError",
  sts: "ValidationError",
};

/** Members that AWS marks as sensitive: its messages omit their values. */
const SENSITIVE = /(^|\.)(secretString|secretBinary|value|clientToken|token|environment)(\.|$)/i;

// Longer values make messages unreadable.
const LONGEST_VALUE = 256;

/** The error with which a service rejects a request. */
export function refusal(service: string, operation: string, violations: Violation[]): AwsError {
  const [first] = violations;
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, and SQS's "Common Error Types".
  if (first !== undefined && (service === "ec2" || service === "sqs"))
    return first.value === undefined
      ? awsError("MissingParameter", `The request must contain the parameter ${upperCamel(first.path)}.`)
      : awsError("InvalidParameterValue", `Value${shown(first)} for parameter ${first.path} is invalid.`);
  if (first !== undefined && service === "ecr")
    return awsError(
      "InvalidParameterException",
      `Invalid parameter at '${first.path}' failed to satisfy constraint: '${first.constraint.replace("Member m", "m")}'`,
    );
  const count = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected`;
  const all = violations.map(
    (it) => `Value${shown(it)} at '${it.path}' failed to satisfy constraint: ${it.constraint}`,
  );
  return awsError(codeOf(service, operation), `${count}: ${all.join("; ")}`);
}

/** AWS's error for JSON that does not fit the operation's members. */
export function unreadable(path: string, message: string): AwsError {
  return awsError("SerializationException", `${message} (${path})`);
}

function codeOf(service: string, operation: string): string {
  // ECS returns this for any invalid task definition.
  if (service === "ecs" && operation.endsWith("TaskDefinition")) return "ClientException";
  return CODES[service] ?? "ValidationException";
}

/** The value with a leading space. Empty for a value that is sensitive or may contain sensitive parts. */
function shown({ value, path }: Violation): string {
  if (value === undefined) return " null";
  if (Array.isArray(value) && value.length === 0) return " '[]'";
  if (typeof value === "object" || SENSITIVE.test(path)) return "";
  const text = String(value);
  return ` '${text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text}'`;
}

const upperCamel = (path: string): string => `${path.charAt(0).toUpperCase()}${path.slice(1)}`;
