import { createHash } from "node:crypto";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import { awsError } from "../service";

export type MessageAttributes = Record<string, MessageAttributeValue>;

/** @throws for a value type that nothing here sends, and for an empty value */
export function checkAttributes(attributes: MessageAttributes): MessageAttributes {
  for (const [name, { DataType, StringValue }] of Object.entries(attributes)) {
    if (DataType !== "String")
      throw awsError(
        "NotSimulated",
        `sqs:SendMessage: attribute ${name} is a ${DataType}: only String is simulated.`,
        501,
      );
    if (!StringValue)
      throw awsError(
        "InvalidParameterValue",
        `Message (user) attribute '${name}' must contain a non-empty value of type 'String'.`,
      );
  }
  return attributes;
}

/** The attributes requested by a receive: by name, or `All`. */
export const selectedAttributes = (attributes: MessageAttributes, names: string[]): MessageAttributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes("All") || names.includes(name)));

/**
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 * @returns undefined if there are none
 */
export function attributesDigest(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash("md5");
  const add = (text = "") => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    hash.update(length).update(text);
  };
  for (const name of names) {
    add(name);
    add(attributes[name]?.DataType);
    // The transport type: 1 is a string.
    hash.update(Buffer.of(1));
    add(attributes[name]?.StringValue);
  }
  return hash.digest("hex");
}
