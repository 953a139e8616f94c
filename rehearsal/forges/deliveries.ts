import { randomUUID } from "node:crypto";
import type { Clock } from "../clock";
import { request } from "./request";
import type { Event, Site } from "./site";
import type { Delivery, Webhook } from "./webhook";

export interface DelivererOptions {
  addresses: ReadonlyMap<string, string>;
  clock: Clock;
  /** Timeout of a delivery in real milliseconds. GitHub, GitLab and Bitbucket all give up after ten seconds. */
  limit?: number;
  /** Called for each delivery after its response. */
  onDelivery?: (delivery: Delivery) => void;
}

/** Delivers events as forges do: each forge in its own format, once, recorded with the response. */
export function createDeliverer({ addresses, clock, limit = 10_000, onDelivery }: DelivererOptions) {
  const deliveries: Delivery[] = [];

  async function send(site: Site, sent: Omit<Delivery, "id" | "at">) {
    const delivery: Delivery = { ...sent, id: deliveries.length + 1, at: clock.now() };
    deliveries.push(delivery);
    const { headers, body } = site.encode(delivery);
    try {
      delivery.answer = await request(addresses, delivery.hook.url, { method: "POST", headers, body, limit });
    } catch (error) {
      delivery.error = error instanceof Error ? error.message : String(error);
    }
    onDelivery?.(delivery);
    return delivery;
  }

  return {
    deliveries: deliveries as readonly Delivery[],
    /** Delivers an event once. Does not throw: the record has the result. */
    deliver: (site: Site, hook: Webhook, { name: event, payload }: Event) =>
      send(site, { site: site.host, guid: randomUUID(), event, hook, payload, redelivery: false }),
    /** GitHub's "Redeliver" button: the same payload under the same delivery GUID. */
    redeliver: (site: Site, { hook, event, payload, guid }: Delivery) =>
      send(site, { site: site.host, guid, event, hook, payload, redelivery: true }),
  };
}
