import { createHmac } from "node:crypto";
import { isSame } from "../shared/secret";

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
