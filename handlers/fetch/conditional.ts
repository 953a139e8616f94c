import { S3Client } from "@aws-sdk/client-s3";
import { clientSettings } from "../shared/clientSettings";
import { isException } from "../shared/failure";

/** Commands that make an object appear. */
const WRITES = ["PutObjectCommand", "CompleteMultipartUploadCommand"];

/**
 * An S3 client that writes an object only while its newest version is still the one with this ETag, or while there is none. Two
 * invocations for one message may look at the bucket at the same time: only the first of them stores its archive. For the
 * other {@link isOvertaken} holds of the error.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 *
 * @param etag `undefined` if there was no object
 */
export function conditionalClient(etag: string | undefined): S3Client {
  const client = new S3Client(clientSettings(5, 60));
  const condition = etag === undefined ? { IfNoneMatch: "*" } : { IfMatch: etag };
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      (args) =>
        next(WRITES.includes(commandName) ? { ...args, input: { ...args.input, ...condition } } : args),
    { step: "initialize", name: "condition" },
  );
  return client;
}

/**
 * Whether the object was written by somebody else after the caller had looked at it, or by the caller itself, by an attempt
 * whose response was lost.
 */
export function isOvertaken(error: unknown): boolean {
  return isException(error, "PreconditionFailed", "ConditionalRequestConflict");
}
