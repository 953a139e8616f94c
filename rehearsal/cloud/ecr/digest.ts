import { createHash } from "node:crypto";

/** A digest as registries write it: `sha256:` and 64 hexadecimal digits. */
export const sha256 = (content: string | Uint8Array): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;
