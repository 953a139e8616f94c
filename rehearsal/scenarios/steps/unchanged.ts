import type { CloudEvent } from "../../cloud/events";
import { expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { servicesOf } from "./delivered";

/** What deliveries change. */
export type Changeable = "services" | "schedules" | "tag";

const isChange: Record<Changeable, (context: ScenarioContext, event: CloudEvent) => boolean> = {
  services: (context, event) =>
    event.kind === "deployment" && servicesOf(context).some(({ serviceName }) => serviceName === event.service),
  schedules: (_, event) => event.kind === "rule-changed",
  tag: (context, event) => event.kind === "image-pushed" && event.tags.includes(stackOf(context).environment),
};

/** Since the last push none of these was changed, not even temporarily. */
export const nothingChanges = (title: string, ...what: Changeable[]): Step => ({
  title,
  async run(context) {
    for (const each of what)
      expectSame(
        `changes of ${each}`,
        context.since().filter((event) => isChange[each](context, event)),
        [],
      );
    return undefined;
  },
});
