import { awsJson } from "../endpoint";
import type { Protocol } from "../service";

// Codes of SQS's former Query protocol that differ from the exception's name:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
const QUERY_CODES: Record<string, string> = {
  MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  UnsupportedOperation: "AWS.SimpleQueueService.UnsupportedOperation",
};

/**
 * AWS JSON. Each error also has the code of the former Query protocol, which the SDK exposes as `Code`.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
 */
export const sqsProtocol: Protocol = {
  ...awsJson,
  fail(error, request) {
    const answer = awsJson.fail(error, request);
    const code = QUERY_CODES[error.code] ?? error.code;
    const fault = error.status < 500 ? "Sender" : "Receiver";
    return { ...answer, headers: { ...answer.headers, "x-amzn-query-error": `${code};${fault}` } };
  },
};
