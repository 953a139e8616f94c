import { deliver } from "./deliver/scenario";
import { firstDeliveryFails } from "./firstDeliveryFails/scenario";
import { ignored } from "./ignored/scenario";
import { lost } from "./lost/scenario";
import { redelivery } from "./redelivery/scenario";
import { refused } from "./refused/scenario";
import { rollback } from "./rollback/scenario";
import type { Scenario } from "./scenario";

/** Every scenario, in the order in which they are played. */
export const scenarios: Scenario[] = [deliver, redelivery, ignored, rollback, lost, refused, firstDeliveryFails];

/** What `npm start` plays. */
export const usual = ["deliver", "redelivery", "ignored", "rollback"];
