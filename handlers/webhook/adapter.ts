import type { HttpRequest, Payload } from "../shared/http/request";

/** A webhook request that has not been verified yet. */
export interface Delivery {
  /** Names in lower case. */
  headers: HttpRequest["headers"];
  /** The raw bytes: the signature covers these, not the parsed body. */
  body: Buffer;
}

/** What a request's headers say about it. */
export type Announcement =
  /** @property delivery the forge's id; a redelivery has the same one */
  { kind: "push" | "ping"; delivery: string } | { kind: "other"; delivery: string; event: string } | Malformed;

export interface Push {
  /** As the forge spells it. */
  repository: string;
  /** Without `refs/heads/`. */
  branch: string;
  /** 40 hexadecimal digits. */
  commit: string;
  /** The branch's previous commit, in the same form. Absent if the branch is new. */
  before?: string;
  /** ISO 8601. */
  pushedAt: string;
}

/** One changed reference in a request. */
export type Change = { kind: "push"; push: Push } | { kind: "ignore"; reason: string };

export interface Malformed {
  kind: "malformed";
  /** For a person; contains no text chosen by the sender. */
  reason: string;
}

/** How one forge's requests are identified, verified and parsed. */
export interface Adapter {
  /** Why no secret can match this request, or `undefined`. Checked before the secret is read. */
  refuse(headers: Delivery["headers"]): string | undefined;
  /**
   * Whether the sender knows the secret. The comparison takes constant time.
   * @param now milliseconds
   */
  isSentWith(secret: string, delivery: Delivery, now: number): boolean;
  /** The reason in the answer if no secret matches. */
  mismatch: string;
  announce(headers: Delivery["headers"]): Announcement;
  contentTypes: string[];
  /** Parses a body of one of {@link Adapter.contentTypes}. */
  readPayload(contentType: string | undefined, body: Buffer): Payload;
  /**
   * Parses a push event: one change for each reference.
   * @param now milliseconds; the time of the push if the forge sends none
   */
  readPush(payload: unknown, now: number): Change[] | Malformed;
}
