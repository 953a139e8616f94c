import { awsError } from "../service";

/** The simulated part of Publish. */
export interface PublishRequest {
  TopicArn: string;
  Subject?: string;
  Message: string;
}

const PARAMETERS = ["TopicArn", "Subject", "Message"];

/** Bytes of UTF-8. */
const MAXIMUM_MESSAGE = 262_144;

/**
 * Validates a request against SNS's documentation: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 * @throws AwsError InvalidParameter, with SNS's message
 */
export function checkPublish(request: PublishRequest): void {
  const unknown = Object.keys(request).filter((it) => !PARAMETERS.includes(it));
  if (unknown.length > 0)
    throw awsError("NotSimulated", `sns:Publish: ${unknown.join(", ")} is not simulated: leave it out.`, 501);
  const { TopicArn, Subject, Message } = request;
  if (!TopicArn) throw invalid("TopicArn or TargetArn Reason: no value for required parameter");
  if (!Message) throw invalid("Empty message");
  if (Buffer.byteLength(Message) > MAXIMUM_MESSAGE) throw invalid("Message too long");
  // Fewer than 100 ASCII characters without line breaks; the first is a letter, number or punctuation mark.
  if (Subject !== undefined && !/^[!-~][ -~]{0,98}$/.test(Subject)) throw invalid("Subject");
}

const invalid = (what: string) => awsError("InvalidParameter", `Invalid parameter: ${what}`);
