import { createHash } from "node:crypto";
import type { Endpoint } from "./endpoint";

/** What a function that keeps records asks of CodePipeline and SQS. */
export const answerRecords = (): Endpoint["answers"] => ({
  PutJobSuccessResult: () => ({}),
  PutJobFailureResult: () => ({}),
  GetPipelineExecution: () => ({ pipelineExecution: { status: "InProgress" } }),
  ChangeMessageVisibility: () => ({}),
  PutImage: () => ({}),
  SendMessage: ({ MessageBody }) => ({
    MessageId: "1",
    MD5OfMessageBody: createHash("md5").update(String(MessageBody)).digest("hex"),
  }),
});

/** A message that brings a record up. */
export const messageOf = (id: string) => ({
  Records: [
    {
      messageId: "message-1",
      receiptHandle: "receipt-1",
      body: JSON.stringify({ id }),
      attributes: { SentTimestamp: "0" },
    },
  ],
});
