import type { Failure } from "@aws-sdk/client-ecs";

/** RunTask parameters of one Fargate task in private subnets. */
export function privateTask(subnets: string[], securityGroup: string) {
  return {
    count: 1,
    launchType: "FARGATE" as const,
    networkConfiguration: {
      awsvpcConfiguration: { subnets, securityGroups: [securityGroup], assignPublicIp: "DISABLED" as const },
    },
  };
}

/** Why ECS did not start a task although it answered 200. */
export function reasonsOf(failures: Failure[] | undefined): string {
  const reasons = (failures ?? []).map(({ reason, detail }) =>
    [reason ?? "no reason", ...(detail ? [detail] : [])].join(": "),
  );
  return reasons.length === 0 ? "ECS returned no task and no reason" : reasons.join("; ");
}

/**
 * Whether the problem may be temporary: Fargate has no capacity in these subnets, or the account has reached its limit.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
 */
export function isShortage(why: string): boolean {
  // A denied request also names its resource: `on resource: arn:…`.
  return (
    !/not authorized/.test(why) && (/\bRESOURCE:/.test(why) || /capacity|reached the limit on the number/i.test(why))
  );
}
