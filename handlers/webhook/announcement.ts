import type { Announcement, Delivery } from "./adapter";

/** The headers that identify a request. */
export interface AnnouncementHeaders {
  /** `X-GitHub-Event` */
  event: string;
  /** The value of `event` for a push. */
  push: string;
  /** `X-GitHub-Delivery`; the first one present is used. */
  delivery: string[];
}

export function announcementIn(headers: Delivery["headers"], names: AnnouncementHeaders): Announcement {
  const event = headers[names.event.toLowerCase()];
  const delivery = names.delivery.map((each) => headers[each.toLowerCase()]).find((value) => value);
  if (!event || !delivery) {
    return { kind: "malformed", reason: `${event ? names.delivery.join(" or ") : names.event} is missing` };
  }
  return event === names.push ? { kind: "push", delivery } : { kind: "other", delivery, event };
}
