import type { HttpRequest, Payload } from "../shared/http/request";

/** What a forge sent, of which nothing is known yet. */
export interface Delivery {
  /** Names in lower case. */
  headers: HttpRequest["headers"];
  /** The bytes that were sent: a signature is over bytes, not over what they parse to. */
  body: Buffer;
}

/** What a delivery calls itself in its headers. */
export type Announcement =
  /** @property delivery the forge's id of it: a redelivery carries the same one */
  { kind: "push" | "ping"; delivery: string } | { kind: "other"; delivery: string; event: string } | Malformed;

export interface Push {
  /** As the forge spells it. */
  repository: string;
  /** Without `refs/heads/`. */
  branch: string;
  /** 40 hexadecimal digits. */
  commit: string;
  /** The commit that the branch was at before, in the same form. Left out where the branch is new. */
  before?: string;
  /** ISO 8601. */
  pushedAt: string;
}

/** One reference that a delivery tells of. */
export type Change = { kind: "push"; push: Push } | { kind: "ignore"; reason: string };

export interface Malformed {
  kind: "malformed";
  /** For a person; holds nothing that the sender could have put there in place of a push. */
  reason: string;
}

/** How deliveries of one forge are told, verified and read. */
export interface Adapter {
  /** Why no secret whatever can explain the delivery, or `undefined`. Seen before the secret is read. */
  refuse(headers: Delivery["headers"]): string | undefined;
  /**
   * Whether the sender knows the secret, in time that tells nothing of it.
   * @param now milliseconds
   */
  isSentWith(secret: string, delivery: Delivery, now: number): boolean;
  /** What is answered where no secret explains the delivery. */
  mismatch: string;
  announce(headers: Delivery["headers"]): Announcement;
  contentTypes: string[];
  /** Reads a body of one of {@link Adapter.contentTypes}. */
  readPayload(contentType: string | undefined, body: Buffer): Payload;
  /**
   * What a push event's payload tells, a change for each reference.
   * @param now milliseconds; stands in for the time of the push where the forge tells none
   */
  readPush(payload: unknown, now: number): Change[] | Malformed;
}
