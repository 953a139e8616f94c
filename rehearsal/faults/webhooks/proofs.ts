import { createHmac } from "node:crypto";

/** The forges that deliver. */
export const FORGES = ["github", "gitlab", "bitbucket", "gitee"] as const;

export type ForgeName = (typeof FORGES)[number];

/** The header with the proof of a delivery's sender. */
export const PROOF_HEADER: Record<ForgeName, string> = {
  github: "x-hub-signature-256",
  gitlab: "x-gitlab-token",
  bitbucket: "x-hub-signature",
  gitee: "x-gitee-token",
};

/** Signs the body with the secret, as the forge does. @param now milliseconds since the epoch */
export function proofOf(forge: ForgeName, secret: string, body: Buffer, now: number): string {
  switch (forge) {
    case "github":
    case "bitbucket":
      return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    case "gitlab":
      return secret;
    case "gitee":
      return createHmac("sha256", secret).update(`${now}\n${secret}`).digest("base64");
  }
}
