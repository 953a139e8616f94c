import type { Response } from "./request";

/** A webhook in a repository's settings. */
export interface Webhook {
  id: number;
  /** `acme/storefront` */
  repository: string;
  url: string;
  secret: string;
  /** GitHub's own default is `form`; the others only send JSON. */
  contentType: "json" | "form";
  /** For Gitee: a signature instead of the password itself. */
  signed?: boolean;
}

/** One line of "Recent deliveries". */
export interface Delivery {
  /** Counts from 1; a redelivery is a separate line. */
  id: number;
  /** Its origin: `github.com` */
  site: string;
  /** The same for a delivery and its redeliveries. */
  guid: string;
  event: string;
  hook: Webhook;
  payload: object;
  redelivery: boolean;
  /** Simulated milliseconds since the epoch. */
  at: number;
  /** The response, if any. */
  answer?: Response;
  /** Why there is no response. */
  error?: string;
}
