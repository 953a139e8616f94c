import { createHmac } from "node:crypto";
import { isSame } from "../shared/secret";

/** Whether the header has the form of GitHub's or Bitbucket's signature. */
export function isSignature(header: string | undefined): header is string {
  return header !== undefined && /^sha256=[0-9a-f]{64}$/.test(header);
}

/**
 * Whether this body was signed with this secret.
 * @param body the raw bytes: the signature covers these, not the parsed body
 * @param header `sha256=` and hexadecimal digits
 */
export function isSignedBy(secret: string, body: Buffer, header: string): boolean {
  return isSame(header, `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
}
