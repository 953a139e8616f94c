import { createHmac, randomUUID } from "node:crypto";
import type { Clock } from "../clock";
import { type Response, request } from "./request";

/** A webhook as a repository's settings hold it. */
export interface Webhook {
  id: number;
  /** `acme/storefront` */
  repository: string;
  url: string;
  secret: string;
  /** GitHub's own default is `form`. */
  contentType: "json" | "form";
}

/** One line of "Recent deliveries". */
export interface Delivery {
  /** Counts from 1; a redelivery is a line of its own. */
  id: number;
  /** X-GitHub-Delivery: the same for a delivery and its redeliveries. */
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

export interface DelivererOptions {
  addresses: ReadonlyMap<string, string>;
  clock: Clock;
  /** Real milliseconds that a delivery may take. GitHub gives up after ten seconds. */
  limit?: number;
  /** Told of each delivery when its answer is in. */
  onDelivery?: (delivery: Delivery) => void;
}

/** Delivers events as GitHub does: signed, once, and recorded with the answer. */
export function createDeliverer({ addresses, clock, limit = 10_000, onDelivery }: DelivererOptions) {
  const deliveries: Delivery[] = [];

  async function send(hook: Webhook, event: string, payload: object, guid: string, redelivery: boolean) {
    const delivery: Delivery = { id: deliveries.length + 1, guid, event, hook, payload, redelivery, at: clock.now() };
    deliveries.push(delivery);
    const body = encode(payload, hook.contentType);
    const headers = headersOf(delivery, body);
    try {
      delivery.answer = await request(addresses, hook.url, { method: "POST", headers, body, limit });
    } catch (error) {
      delivery.error = error instanceof Error ? error.message : String(error);
    }
    onDelivery?.(delivery);
    return delivery;
  }

  return {
    deliveries: deliveries as readonly Delivery[],
    /** Delivers an event once; GitHub never tries again by itself. Does not throw: the record says how it went. */
    deliver: (hook: Webhook, event: string, payload: object) => send(hook, event, payload, randomUUID(), false),
    /** GitHub's "Redeliver" button: the same payload under the same delivery GUID. */
    redeliver({ hook, event, payload, guid }: Delivery) {
      return send(hook, event, payload, guid, true);
    },
  };
}

/** The body as GitHub writes it for a webhook's content type. */
export function encode(payload: object, contentType: Webhook["contentType"]): string {
  const json = JSON.stringify(payload);
  return contentType === "json" ? json : new URLSearchParams({ payload: json }).toString();
}

function headersOf({ guid, event, hook }: Delivery, body: string): Record<string, string> {
  const sign = (algorithm: string) => `${algorithm}=${createHmac(algorithm, hook.secret).update(body).digest("hex")}`;
  return {
    accept: "*/*",
    "content-type": hook.contentType === "json" ? "application/json" : "application/x-www-form-urlencoded",
    "user-agent": "GitHub-Hookshot/044aadd",
    "x-github-delivery": guid,
    "x-github-event": event,
    "x-github-hook-id": String(hook.id),
    "x-github-hook-installation-target-type": "repository",
    "x-hub-signature": sign("sha1"),
    "x-hub-signature-256": sign("sha256"),
  };
}
