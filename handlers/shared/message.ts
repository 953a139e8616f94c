import { createHash } from "node:crypto";
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { FORGES, type Forge } from "./forge";

/** A message on the push queue, as JSON: one for each application that tracks the pushed branch. */
export interface PushMessage {
  forge: Forge;
  /** `owner/name`, at GitLab `group/…/name`; spelled as in the program's configuration. */
  repository: string;
  /** Without `refs/heads/`; may contain slashes. */
  branch: string;
  /** The pushed commit, 40 hexadecimal digits. */
  commit: string;
  /** The branch's previous commit. Absent if the branch is new, or the commit is unknown. */
  before?: string;
  /** The forge's id of the webhook request, or the poll's id: a redelivery has the same one. */
  delivery: string;
  /** When the forge received the push, ISO 8601. */
  pushedAt: string;
  application: string;
}

/**
 * The FIFO group: pushes to one branch stay in order, and branches do not wait for each other. A digest, because branch
 * names may contain characters not allowed in a group id, and exceed its 128 characters.
 */
export function messageGroup(message: PushMessage): string {
  return sha256(`${message.forge}:${message.repository}:${message.branch}`);
}

/** The FIFO deduplication id: SQS drops a redelivery within five minutes. */
export function messageDeduplication(message: PushMessage): string {
  return sha256(`${message.delivery}${message.commit}${message.application}`);
}

/** Sends the message to the FIFO queue. Needs sqs:SendMessage on it. */
export async function sendMessage(client: SQSClient, queueUrl: string, message: PushMessage): Promise<void> {
  await client.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: JSON.stringify(message),
      MessageGroupId: messageGroup(message),
      MessageDeduplicationId: messageDeduplication(message),
    }),
  );
}

const COMMIT = /^[0-9a-f]{40}$/;

/**
 * Parses a queue message.
 * @throws Error that names the missing or malformed field
 */
export function parseMessage(body: string): PushMessage {
  const value: unknown = JSON.parse(body);
  if (typeof value !== "object" || value === null) {
    throw new Error("the message is not a JSON object");
  }
  const fields = value as Record<string, unknown>;
  const text = (field: keyof PushMessage, pattern: RegExp): string => {
    const found = fields[field];
    if (typeof found !== "string" || !pattern.test(found)) {
      throw new Error(`the message's ${field} is ${JSON.stringify(found)}, expected ${pattern.source}`);
    }
    return found;
  };
  const forge = forgeOf(fields.forge);
  return {
    ...(fields.before === undefined ? {} : { before: text("before", COMMIT) }),
    forge,
    repository: text("repository", forge === "gitlab" ? /^[^/\s]+(\/[^/\s]+)+$/ : /^[^/\s]+\/[^/\s]+$/),
    branch: text("branch", /./),
    commit: text("commit", COMMIT),
    delivery: text("delivery", /./),
    pushedAt: text("pushedAt", /^\d{4}-\d\d-\d\dT/),
    application: text("application", /./),
  };
}

function forgeOf(value: unknown): Forge {
  // Messages from earlier versions of the program have no forge: only GitHub was supported.
  const forge = value === undefined ? "github" : FORGES.find((each) => each === value);
  if (forge === undefined) {
    throw new Error(`the message's forge is ${JSON.stringify(value)}, expected one of ${FORGES.join(", ")}`);
  }
  return forge;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
