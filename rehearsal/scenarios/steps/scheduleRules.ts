import type { ListRulesResponse, ListTargetsByRuleResponse } from "@aws-sdk/client-eventbridge";
import type { CloudEvent } from "../../cloud/events";
import { expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { application, type ScheduleRule } from "./delivered";
import { asOperator } from "./operator";

type RuleChange = Extract<CloudEvent, { kind: "rule-changed" }>;

const prefixOf = (context: ScenarioContext) => `${stackOf(context).environment}-${application}--`;

/**
 * Since the last push exactly these rules were created, changed or deleted, by any owner.
 * @param repeats two concurrent invocations see the same state and make the same change twice: each counts once
 */
export const changesRules = (expected: Record<string, RuleChange["change"][]>, repeats = false): Step => ({
  title: "only these rules change",
  async run(context) {
    const changes = context.since().filter((event): event is RuleChange => event.kind === "rule-changed");
    const rules = [...new Set(changes.map(({ rule }) => rule))].sort();
    const sorted = rules.map((rule) => {
      const own = changes.filter((it) => it.rule === rule).map(({ change }) => change);
      return [rule, repeats ? [...new Set(own)] : own];
    });
    const wanted = Object.entries(expected).map(([name, change]) => [prefixOf(context) + name, change]);
    expectSame("the rules that were changed", sorted, wanted);
    return rules.join(", ");
  },
});

/** The operator removes the target of a schedule's rule, which then runs nothing. */
export const removeTarget = (schedule: ScheduleRule["name"]): Step => ({
  title: `somebody removes the target of schedule ${schedule}`,
  async run(context) {
    const Rule = prefixOf(context) + schedule;
    const { Targets = [] } = await asOperator<ListTargetsByRuleResponse>(context, "events", "ListTargetsByRule", {
      Rule,
    });
    const Ids = Targets.map(({ Id }) => Id);
    await asOperator(context, "events", "RemoveTargets", { Rule, Ids });
    return Rule;
  },
});

/** Rules without an owner or of another application, with names similar to the application's. */
const neighbours = [
  { name: "dev-storefrontage--stock", tags: {} },
  {
    name: "dev-storefront-admin--daily-report",
    tags: { "slipway:application": "storefront-admin", "slipway:environment": "dev" },
  },
];

export const addNeighbours: Step = {
  title: "other people have rules with similar names",
  async run(context) {
    for (const { name: Name, tags } of neighbours) {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      await asOperator(context, "events", "PutRule", { Name, ScheduleExpression: "rate(7 days)", Tags });
    }
    return neighbours.map(({ name }) => name).join(", ");
  },
};

export const keepsNeighbours: Step = {
  title: "the rules of other people have not changed",
  async run(context) {
    const { Rules = [] } = await asOperator<ListRulesResponse>(context, "events", "ListRules", {
      NamePrefix: "dev-storefront",
    });
    const others = Rules.filter(({ Name = "" }) => !Name.startsWith(prefixOf(context)));
    expectSame(
      "the rules of others",
      others.map(({ Name, ScheduleExpression, State }) => [Name, ScheduleExpression, State]).sort(),
      neighbours.map(({ name }) => [name, "rate(7 days)", "ENABLED"]).sort(),
    );
    return undefined;
  },
};
