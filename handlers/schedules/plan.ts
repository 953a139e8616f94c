import type { EcsParameters, Target } from "@aws-sdk/client-eventbridge";
import { nameOf } from "../deploy/taskDefinition";
import { canonical } from "../shared/canonical";
import { shorten } from "../shared/codePipelineJob";
import { type DesiredRule, type ObservedRule, TARGET_ID } from "./rule";

/** The changes to one rule. */
export interface Step {
  /**
   * - change: schedules.yaml or the image has changed
   * - repair: the rule differs from the last delivery's
   */
  kind: "create" | "change" | "repair" | "remove" | "unchanged";
  rule: string;
  reasons: string[];
  /** The rule to put, if needed. */
  put?: DesiredRule | undefined;
  /** The target to put, if needed. */
  target?: Target | undefined;
  /** Ids of targets to remove. */
  drop: string[];
}

/** Plans how to make the rules match schedules.yaml. */
export function planRules(desired: DesiredRule[], observed: ObservedRule[]): Step[] {
  const wanted = desired.map(({ name }) => name);
  return [
    ...desired.map((rule) =>
      stepFor(
        rule,
        observed.find(({ name }) => name === rule.name),
      ),
    ),
    ...observed
      .filter(({ name }) => !wanted.includes(name))
      .map(
        ({ name, targets }): Step => ({
          kind: "remove",
          rule: name,
          reasons: ["not in schedules.yaml"],
          drop: targets.map(({ Id }) => Id ?? ""),
        }),
      ),
  ];
}

/** A step, for the log. */
export function describeStep({ kind, rule, reasons }: Step): string {
  return [`${kind} ${rule}`, ...(reasons.length > 0 ? [reasons.join("; ")] : [])].join(": ");
}

function stepFor(rule: DesiredRule, observed: ObservedRule | undefined): Step {
  if (observed === undefined) {
    const reasons = [rule.expression, ...(rule.state === "DISABLED" ? ["disabled"] : []), inputOf(rule.target)];
    return { kind: "create", rule: rule.name, reasons, put: rule, target: rule.target, drop: [] };
  }
  const target = observed.targets.find(({ Id }) => Id === TARGET_ID);
  const others = observed.targets.flatMap(({ Id = "" }) => (Id === TARGET_ID ? [] : [Id]));
  const ruleDifference = compareRules(rule, observed);
  const targetDifference = target === undefined ? MISSING : compareTargets(rule.target, target);
  const changes = [...ruleDifference.changes, ...targetDifference.changes];
  const repairs = [
    ...ruleDifference.repairs,
    ...targetDifference.repairs,
    ...others.map((id) => `target ${id} does not come from schedules.yaml`),
  ];
  return {
    kind: changes.length > 0 ? "change" : repairs.length > 0 ? "repair" : "unchanged",
    rule: rule.name,
    reasons: [...changes, ...repairs],
    put: isDifferent(ruleDifference) ? rule : undefined,
    target: isDifferent(targetDifference) ? rule.target : undefined,
    drop: others,
  };
}

interface Difference {
  changes: string[];
  repairs: string[];
}

const MISSING: Difference = { changes: [], repairs: ["it has no target"] };

const isDifferent = ({ changes, repairs }: Difference) => changes.length + repairs.length > 0;

function compareRules(rule: DesiredRule, observed: ObservedRule): Difference {
  const { expression, state, description, eventPattern } = observed;
  return {
    changes: [
      ...(spelling(expression) === spelling(rule.expression)
        ? []
        : [`${rule.expression} instead of ${expression ?? "no schedule"}`]),
      ...(state === rule.state ? [] : [`${rule.state} instead of ${state ?? "no state"}`]),
    ],
    repairs: [
      ...(description === rule.description ? [] : ["its description differs"]),
      ...(eventPattern === undefined ? [] : ["it reacts to events too"]),
    ],
  };
}

function spelling(expression: string | undefined): string {
  return (expression ?? "").trim().replace(/\s+/g, " ").toUpperCase();
}

function compareTargets(wanted: Target, observed: Target): Difference {
  const now = comparable(wanted);
  const before = comparable(observed);
  const changes: string[] = [];
  const repairs: string[] = [];
  for (const field of Object.keys({ ...now, ...before }).sort()) {
    if (canonical(now[field]) === canonical(before[field])) {
      continue;
    }
    if (field === "Input") {
      changes.push(`${inputOf(wanted)} instead of ${inputOf(observed)}`);
    } else if (field === "EcsParameters.TaskDefinitionArn") {
      changes.push(`${nameOf(String(now[field]))} instead of ${nameOf(before[field] as string | undefined)}`);
    } else {
      repairs.push(`its target's ${field} differs`);
    }
  }
  return { changes, repairs };
}

/** A target's fields by path, normalised: without EventBridge's additions and differences in spelling. */
function comparable({ EcsParameters, Input, ...rest }: Target): Record<string, unknown> {
  const fields: [string, unknown][] = [
    ...Object.entries(rest),
    ["Input", parsed(Input)],
    ...Object.entries(normalised(EcsParameters)).map(([key, value]): [string, unknown] => [
      `EcsParameters.${key}`,
      value,
    ]),
  ];
  // EventBridge returns unset fields as false, or as empty lists.
  return Object.fromEntries(fields.filter(([, value]) => value !== false && !isEmpty(value)));
}

function normalised({ NetworkConfiguration, ...rest }: Partial<EcsParameters> = {}): object {
  const { Subnets, SecurityGroups, ...network } = NetworkConfiguration?.awsvpcConfiguration ?? { Subnets: [] };
  return {
    ...rest,
    // Both are sets.
    NetworkConfiguration: {
      ...network,
      Subnets: [...(Subnets ?? [])].sort(),
      SecurityGroups: [...(SecurityGroups ?? [])].sort(),
    },
  };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function parsed(input: string | undefined): unknown {
  try {
    return JSON.parse(input ?? "null");
  } catch {
    return input;
  }
}

function inputOf({ Input }: Target): string {
  return shorten(Input ?? "no input", 300);
}
