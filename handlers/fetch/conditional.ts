import { S3Client } from "@aws-sdk/client-s3";
import { clientSettings } from "../shared/clientSettings";
import { isException } from "../shared/failure";

/** Commands that create an object. */
const WRITES = ["PutObjectCommand", "CompleteMultipartUploadCommand"];

/**
 * An S3 client that writes an object only if its newest version still has this ETag, or if no object exists. Two
 * invocations for one message may check the bucket at the same time: only the first one stores its archive. The other
 * gets an error for which {@link isOvertaken} is true.
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
 * Whether the object has been written since the caller checked it: by another invocation, or by the caller's own
 * attempt whose response was lost.
 */
export function isOvertaken(error: unknown): boolean {
  return isException(error, "PreconditionFailed", "ConditionalRequestConflict");
}
