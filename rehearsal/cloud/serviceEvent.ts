import type { Cloud } from "./service";

export interface ServiceEvent {
  /** `aws.codepipeline` */
  source: `aws.${string}`;
  detailType: string;
  detail: object;
  /** ARNs */
  resources?: string[];
}

/**
 * Puts an event on the account's default bus, as AWS's services do themselves. Without EventBridge in the account, does
 * nothing.
 */
export function sendServiceEvent(cloud: Cloud, { source, detailType, detail, resources = [] }: ServiceEvent): void {
  if (!cloud.simulates("events")) return;
  const caller = { kind: "aws", service: source.replace(/^aws\.(.*)$/, "$1.amazonaws.com") } as const;
  const entry = {
    Source: source,
    DetailType: detailType,
    Detail: JSON.stringify(detail),
    Resources: resources,
    Time: new Date(cloud.clock.now()),
  };
  void cloud.call(caller, "events", "PutEvents", { Entries: [entry] });
}
