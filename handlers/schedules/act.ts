import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { explain } from "../failure";
import { log } from "../log";
import type { Step } from "./plan";
import { putRule, putTarget, removeRule, removeTargets } from "./rules";

export interface Progress {
  /** `create dev-storefront--nightly`, … */
  done: string[];
  /** The step that failed, why, and the steps after it. */
  stopped?: { at: string; error: unknown; left: string[] } | undefined;
}

interface Action {
  text: string;
  run(): Promise<void>;
}

/**
 * Carries out a plan: first all that is put, then all that is removed, so that a schedule that was renamed does not vanish
 * when its new rule is refused. What is done stays when a step fails.
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
      return { done, stopped: { at: text, error, left: actions.slice(index + 1).map((it) => it.text) } };
    }
    done.push(text);
  }
  return { done };
}

function puts(events: EventBridgeClient, { kind, rule, put, target }: Step, tags: Record<string, string>): Action[] {
  return [
    ...(put === undefined ? [] : [{ text: `${kind} ${rule}`, run: () => putRule(events, put, tags) }]),
    ...(target === undefined ? [] : [{ text: `put target of ${rule}`, run: () => putTarget(events, rule, target) }]),
  ];
}

function drops(events: EventBridgeClient, { kind, rule, drop }: Step): Action[] {
  if (kind === "remove") {
    return [{ text: `remove ${rule}`, run: () => removeRule(events, rule, drop) }];
  }
  return drop.length === 0
    ? []
    : [{ text: `remove other targets of ${rule}`, run: () => removeTargets(events, rule, drop) }];
}
