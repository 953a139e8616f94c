import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Whether the header can be a signature of GitHub's or Bitbucket's at all. */
export function isSignature(header: string | undefined): header is string {
  return header !== undefined && /^sha256=[0-9a-f]{64}$/.test(header);
}

/**
 * Whether this body was signed with this secret.
 * @param body the bytes that were sent: a signature is over bytes, not over what they parse to
 * @param header `sha256=` and hexadecimal digits
 */
export function isSignedBy(secret: string, body: Buffer, header: string): boolean {
  return isSame(header, `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
}

/** Whether two texts are the same, in time that tells of neither what it holds nor how long it is. */
export function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
