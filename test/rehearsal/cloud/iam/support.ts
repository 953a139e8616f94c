import { createHash } from "node:crypto";
import { type Cloud, operation, type Service } from "../../../../rehearsal/cloud/service";

export const QUEUE = "arn:aws:sqs:us-east-1:123456789012:pushes.fifo";

/** A service whose only operation needs one permission; what it answers shows that it was reached. */
export const queues = (_cloud: Cloud): Service => ({
  name: "sqs",
  resources: {},
  operations: {
    SendMessage: operation({
      permissions: () => [{ action: "sqs:SendMessage", resource: QUEUE }],
      // The SDK compares the digest of the body that it sent.
      perform: ({ MessageBody }: { MessageBody: string }) => ({
        MessageId: "m-1",
        MD5OfMessageBody: createHash("md5").update(MessageBody).digest("hex"),
      }),
    }),
  },
});
