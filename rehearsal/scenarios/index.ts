import { alarms } from "./alarms";
import { badSchedules } from "./badSchedules";
import { chatDown } from "./chatDown";
import { deliver } from "./deliver";
import { deploymentByHttp } from "./deploymentByHttp";
import { ecsAction } from "./ecsAction";
import { endpointsOnly } from "./endpointsOnly";
import { enterpriseServer } from "./enterpriseServer";
import { firstDeliveryFails } from "./firstDeliveryFails";
import { foreign } from "./foreign";
import { forgedTag } from "./forgedTag";
import { forges } from "./forges";
import { gitops, gitopsInBeijing } from "./gitops";
import { gitopsPipeline } from "./gitopsPipeline";
import { ignored } from "./ignored";
import { longMigration } from "./longMigration";
import { lost } from "./lost";
import { migrationFails } from "./migrationFails";
import { missed } from "./missed";
import { natInstanceLost } from "./natInstanceLost";
import { noRoute } from "./noRoute";
import { outage } from "./outage";
import { polled } from "./polled";
import { polledPrivately } from "./polledPrivately";
import { privateRepository } from "./privateRepository";
import { promote } from "./promote";
import { received } from "./received";
import { redelivery } from "./redelivery";
import { refused } from "./refused";
import { rejected } from "./rejected";
import { repeated } from "./repeated";
import { rollback } from "./rollback";
import type { Scenario } from "./scenario";
import { schedules } from "./schedules";
import { superseded } from "./superseded";
import { tagMoved } from "./tagMoved";
import { workerFails } from "./workerFails";

/**
 * All scenarios in playing order. Those of dev up to deploymentByHttp start with version 2.0.0, and those before it end
 * with it; the others bring their own version.
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
