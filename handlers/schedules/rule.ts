import type { Target } from "@aws-sdk/client-eventbridge";
import type { Schedule } from "./file";
import type { SchedulesOptions } from "./options";

/** The id of a rule's only target. */
export const TARGET_ID = "task";

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html and API_Target.html
const NAME_LIMIT = 64;
const EXPRESSION_LIMIT = 256;
const INPUT_LIMIT = 8_192;

/** A rule as required by schedules.yaml. */
export interface DesiredRule {
  name: string;
  expression: string;
  description: string;
  state: "ENABLED" | "DISABLED";
  target: Target;
}

/** A rule as it is in EventBridge. */
export interface ObservedRule {
  name: string;
  expression: string | undefined;
  /** Set if it also reacts to events. */
  eventPattern: string | undefined;
  description: string | undefined;
  state: string | undefined;
  tags: Record<string, string>;
  targets: Target[];
}

export type Owner = Pick<SchedulesOptions, "application" | "environment">;

/** Prefix of an application's rule names. No other name contains `--`, so `shop` does not match `shop-admin`. */
export function rulePrefix({ application, environment }: Owner): string {
  return `${environment}-${application}--`;
}

export function ownTags({ application, environment }: Owner): Record<string, string> {
  return { "slipway:application": application, "slipway:environment": environment };
}

/** Rules with this application's names, but without its tags. */
export function foreignRules(owner: Owner, rules: ObservedRule[]): ObservedRule[] {
  const own = Object.entries(ownTags(owner));
  return rules.filter(({ tags }) => !own.every(([key, value]) => tags[key] === value));
}

/** @param taskDefinition ARN of the revision to run */
export function desiredRule(options: SchedulesOptions, schedule: Schedule, taskDefinition: string): DesiredRule {
  const { application, environment, cluster, container, subnets, securityGroup, roleArn } = options;
  return {
    name: rulePrefix(options) + schedule.name,
    expression: schedule.expression,
    description: `Schedule ${schedule.name} of ${application} in ${environment}`,
    state: schedule.enabled ? "ENABLED" : "DISABLED",
    target: {
      Id: TARGET_ID,
      Arn: cluster,
      RoleArn: roleArn,
      Input: inputOf(container, schedule),
      EcsParameters: {
        TaskDefinitionArn: taskDefinition,
        TaskCount: 1,
        LaunchType: "FARGATE",
        NetworkConfiguration: {
          awsvpcConfiguration: { Subnets: subnets, SecurityGroups: [securityGroup], AssignPublicIp: "DISABLED" },
        },
      },
    },
  };
}

/** Why EventBridge would reject a schedule's rule. */
export function limitMistakes(options: Owner & { container: string }, schedule: Schedule): string[] {
  const name = rulePrefix(options) + schedule.name;
  const input = inputOf(options.container, schedule);
  const counts: [string, number, number][] = [
    [`needs a rule ${name}, whose name has`, name.length, NAME_LIMIT],
    ["has an expression of", schedule.expression.length, EXPRESSION_LIMIT],
    ["has a command that gives the target an input of", input.length, INPUT_LIMIT],
  ];
  return counts
    .filter(([, length, limit]) => length > limit)
    .map(([what, length, limit]) => `${what} ${length} characters; EventBridge allows ${limit}`);
}

/** RunTask's overrides, as JSON. */
function inputOf(container: string, { command, size }: Schedule): string {
  const containerOverrides = [{ name: container, command }];
  // RunTask requires sizes as text.
  return JSON.stringify({
    containerOverrides,
    ...(size && { cpu: String(size.cpu), memory: String(size.memory) }),
  });
}
