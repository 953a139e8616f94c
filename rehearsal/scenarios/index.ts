import { alarms } from "./alarms/scenario";
import { badSchedules } from "./badSchedules/scenario";
import { chatDown } from "./chatDown/scenario";
import { deliver } from "./deliver/scenario";
import { deploymentByHttp } from "./deploymentByHttp/scenario";
import { ecsAction } from "./ecsAction/scenario";
import { endpointsOnly } from "./endpointsOnly/scenario";
import { enterpriseServer } from "./enterpriseServer/scenario";
import { firstDeliveryFails } from "./firstDeliveryFails/scenario";
import { foreign } from "./foreign/scenario";
import { forgedTag } from "./forgedTag/scenario";
import { forges } from "./forges/scenario";
import { gitops, gitopsInBeijing } from "./gitops/scenario";
import { gitopsPipeline } from "./gitopsPipeline/scenario";
import { ignored } from "./ignored/scenario";
import { longMigration } from "./longMigration/scenario";
import { lost } from "./lost/scenario";
import { migrationFails } from "./migrationFails/scenario";
import { missed } from "./missed/scenario";
import { natInstanceLost } from "./natInstanceLost/scenario";
import { noRoute } from "./noRoute/scenario";
import { outage } from "./outage/scenario";
import { polled } from "./polled/scenario";
import { polledPrivately } from "./polledPrivately/scenario";
import { privateRepository } from "./privateRepository/scenario";
import { promote } from "./promote/scenario";
import { received } from "./received/scenario";
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
  foreign,
  rollback,
  migrationFails,
  workerFails,
  deploymentByHttp,
  schedules,
  badSchedules,
  longMigration,
  missed,
  lost,
  refused,
  alarms,
  firstDeliveryFails,
  chatDown,
  repeated,
  ecsAction,
  forges,
  privateRepository,
  enterpriseServer,
  gitops,
  gitopsPipeline,
  promote,
  tagMoved,
  rejected,
  forgedTag,
  superseded,
  polled,
  natInstanceLost,
  polledPrivately,
  endpointsOnly,
  noRoute,
  gitopsInBeijing,
  received,
  outage,
];

/** What `npm start` plays, by stack. */
export const usual: Record<string, string[]> = {
  dev: ["deliver", "redelivery", "ignored", "rollback"],
  prod: ["promote", "tagMoved", "rejected"],
  "cn-north-1": ["polled", "natInstanceLost"],
  "cn-northwest-1": ["received", "outage"],
};
