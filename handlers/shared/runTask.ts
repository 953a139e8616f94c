import type { Failure } from "@aws-sdk/client-ecs";

/** What RunTask takes for one Fargate task in private subnets. */
export function privateTask(subnets: string[], securityGroup: string) {
  return {
    count: 1,
    launchType: "FARGATE" as const,
    networkConfiguration: {
      awsvpcConfiguration: { subnets, securityGroups: [securityGroup], assignPublicIp: "DISABLED" as const },
    },
  };
}

/** Why ECS did not start a task: it answers 200 then too. */
export function reasonsOf(failures: Failure[] | undefined): string {
  const reasons = (failures ?? []).map(({ reason, detail }) =>
    [reason ?? "no reason", ...(detail ? [detail] : [])].join(": "),
  );
  return reasons.length === 0 ? "it gives no task, and no reason" : reasons.join("; ");
}

/**
 * Whether it may well be otherwise in a while: Fargate has no room in these subnets, or the account runs as much as it may.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
 */
export function isShortage(why: string): boolean {
  // A denial names its resource as well: `on resource: arn:…`.
  return (
    !/not authorized/.test(why) && (/\bRESOURCE:/.test(why) || /capacity|reached the limit on the number/i.test(why))
  );
}
