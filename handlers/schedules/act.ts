import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { explain } from "../shared/failure";
import { log } from "../shared/log";
import type { Step } from "./plan";
import { type ObservedRule, TARGET_ID } from "./rule";
import { putRule, putTarget, removeRule, removeTargets, restoreRule } from "./rules";

export interface Progress {
  /** `create dev-storefront--nightly`, … */
  done: string[];
  /** The failed step, its error, and the remaining steps. */
  stopped?: Stop | undefined;
}

interface Stop {
  at: string;
  error: unknown;
  left: string[];
  /** The steps that were started, including the failed one. */
  begun: Step[];
}

interface Action {
  step: Step;
  text: string;
  run(): Promise<void>;
}

/**
 * Executes a plan: creates and changes first, then removes, so that a renamed schedule does not disappear if its new
 * rule is rejected. If a step fails, the completed ones stay until {@link takeBack}.
 * @param tags of new rules
 */
export async function carryOut(
  events: EventBridgeClient,
  steps: Step[],
  tags: Record<string, string>,
): Promise<Progress> {
  const actions = [
    ...steps.flatMap((step) => puts(events, step, tags)),
    ...steps.flatMap((step) => drops(events, step)),
  ];
  const done: string[] = [];
  for (const [index, { text, run }] of actions.entries()) {
    try {
      await run();
    } catch (error) {
      log("error", "schedules step failed", { step: text, cause: explain(error) });
      const left = actions.slice(index + 1).map((it) => it.text);
      const begun = steps.filter((step) => actions.slice(0, index + 1).some((it) => it.step === step));
      return { done, stopped: { at: text, error, left, begun } };
    }
    done.push(text);
  }
  return { done };
}

/**
 * Restores all rules of the steps.
 * @param before the rules as observed before the steps
 * @returns the rules that could not be restored, each with its cause
 */
export async function takeBack(events: EventBridgeClient, steps: Step[], before: ObservedRule[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { rule: name } of steps) {
    const rule = before.find((it) => it.name === name);
    try {
      if (rule === undefined) {
        await removeRule(events, name, [TARGET_ID]);
      } else {
        await restoreRule(events, rule, rule.targets.some(({ Id }) => Id === TARGET_ID) ? [] : [TARGET_ID]);
      }
    } catch (error) {
      log("error", "schedule not restored", { rule: name, cause: explain(error) });
      failed.push(`${name} (${explain(error)})`);
    }
  }
  return failed;
}

function puts(events: EventBridgeClient, step: Step, tags: Record<string, string>): Action[] {
  const { kind, rule, put, target } = step;
  return [
    ...(put === undefined ? [] : [{ step, text: `${kind} ${rule}`, run: () => putRule(events, put, tags) }]),
    ...(target === undefined
      ? []
      : [{ step, text: `put target of ${rule}`, run: () => putTarget(events, rule, target) }]),
  ];
}

function drops(events: EventBridgeClient, step: Step): Action[] {
  const { kind, rule, drop } = step;
  if (kind === "remove") {
    return [{ step, text: `remove ${rule}`, run: () => removeRule(events, rule, drop) }];
  }
  return drop.length === 0
    ? []
    : [{ step, text: `remove other targets of ${rule}`, run: () => removeTargets(events, rule, drop) }];
}
