import { badSchedules } from "./badSchedules/scenario";
import { chatDown } from "./chatDown/scenario";
import { deliver } from "./deliver/scenario";
import { deploymentByHttp } from "./deploymentByHttp/scenario";
import { ecsAction } from "./ecsAction/scenario";
import { firstDeliveryFails } from "./firstDeliveryFails/scenario";
import { ignored } from "./ignored/scenario";
import { longMigration } from "./longMigration/scenario";
import { lost } from "./lost/scenario";
import { migrationFails } from "./migrationFails/scenario";
import { promote } from "./promote/scenario";
import { redelivery } from "./redelivery/scenario";
import { refused } from "./refused/scenario";
import { rejected } from "./rejected/scenario";
import { repeated } from "./repeated/scenario";
import { rollback } from "./rollback/scenario";
import type { Scenario } from "./scenario";
import { schedules } from "./schedules/scenario";
import { superseded } from "./superseded/scenario";
import { tagMoved } from "./tagMoved/scenario";
import { workerFails } from "./workerFails/scenario";

/**
 * Every scenario, in the order in which they are played: those of dev up to deploymentByHttp begin with version 2.0.0, and
 * those before it end with it; the others bring a version of their own.
 */
export const scenarios: Scenario[] = [
  deliver,
  redelivery,
  ignored,
  rollback,
  migrationFails,
  workerFails,
  deploymentByHttp,
  schedules,
  badSchedules,
  longMigration,
  lost,
  refused,
  firstDeliveryFails,
  chatDown,
  repeated,
  ecsAction,
  promote,
  tagMoved,
  rejected,
  superseded,
];

/** What `npm start` plays, by stack. */
export const usual: Record<string, string[]> = {
  dev: ["deliver", "redelivery", "ignored", "rollback", "deploymentByHttp"],
  prod: ["promote", "tagMoved", "rejected"],
};
