import type { CloudEvent } from "../cloud/events";
import { servicesOf } from "./delivered";
import { expectSame, type Step } from "./scenario";
import { stackOf, type World } from "./world";

/** What deliveries change. */
export type Changeable = "services" | "schedules" | "tag";

const isChange: Record<Changeable, (world: World, event: CloudEvent) => boolean> = {
  services: (world, event) =>
    event.kind === "deployment" && servicesOf(world).some(({ serviceName }) => serviceName === event.service),
  schedules: (_, event) => event.kind === "rule-changed",
  tag: (world, event) => event.kind === "image-pushed" && event.tags.includes(stackOf(world).environment),
};

/** Since the last push none of these was changed, not even for a while. */
export const nothingChanges = (title: string, ...what: Changeable[]): Step => ({
  title,
  async run(world) {
    for (const each of what)
      expectSame(
        `changes of ${each}`,
        world.since().filter((event) => isChange[each](world, event)),
        [],
      );
    return undefined;
  },
});
