import { createHash } from "node:crypto";

/** A registry digest: `sha256:` and 64 hexadecimal digits. */
export const sha256 = (content: string | Uint8Array): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;
