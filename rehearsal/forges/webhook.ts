import type { Response } from "./request";

/** A webhook as a repository's settings hold it. */
export interface Webhook {
  id: number;
  /** `acme/storefront` */
  repository: string;
  url: string;
  secret: string;
  /** GitHub's own default is `form`; the others send JSON alone. */
  contentType: "json" | "form";
  /** Of Gitee's two kinds the one with a signature, in place of the password itself. */
  signed?: boolean;
}

/** One line of "Recent deliveries". */
export interface Delivery {
  /** Counts from 1; a redelivery is a line of its own. */
  id: number;
  /** Where it comes from: `github.com` */
  site: string;
  /** The same for a delivery and its redeliveries. */
  guid: string;
  event: string;
  hook: Webhook;
  payload: object;
  redelivery: boolean;
  /** Simulated milliseconds since the epoch. */
  at: number;
  /** What came back; absent if nothing did. */
  answer?: Response;
  /** Why nothing came back. */
  error?: string;
}
