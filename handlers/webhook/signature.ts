import { createHmac, timingSafeEqual } from "node:crypto";

/** Whether the header can be a signature of GitHub's at all. */
export function isSignature(header: string | undefined): header is string {
  return header !== undefined && /^sha256=[0-9a-f]{64}$/.test(header);
}

/**
 * Whether GitHub signed this body with this secret.
 * @param body the bytes that were sent: a signature is over bytes, not over what they parse to
 * @param header the value of `X-Hub-Signature-256`
 */
export function isSignedBy(secret: string, body: Buffer, header: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const given = Buffer.from(header);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
