import { expect } from "chai";
import { checkLifecyclePolicy } from "../../../../rehearsal/cloud/ecr/lifecyclePolicy";

const action = { type: "expire" };
const rule = (rulePriority: number, selection: object, more: object = {}) => ({
  rulePriority,
  selection: { countType: "imageCountMoreThan", countNumber: 10, ...selection },
  action,
  ...more,
});
const any = (rulePriority: number) => rule(rulePriority, { tagStatus: "any" });
const tagged = (rulePriority: number, pattern = "dev*") =>
  rule(rulePriority, { tagStatus: "tagged", tagPatternList: [pattern] });

describe("a lifecycle policy of ECR", () => {
  const accepted: [string, object[]][] = [
    ["keeps the images of later environments, then counts the others", [tagged(1, "prod"), tagged(2, "*"), any(3)]],
    ["counts days", [rule(1, { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days" })]],
    ["names prefixes", [rule(7, { tagStatus: "tagged", tagPrefixList: ["dev", "test"] }, { description: "old" })]],
    ["has four wildcards", [tagged(1, "*a*b*c*")]],
  ];
  for (const [what, rules] of accepted)
    it(`is taken that ${what}, as text and as it is`, () => {
      checkLifecyclePolicy(JSON.stringify({ rules }));
      checkLifecyclePolicy({ rules } as never);
    });

  const refused: [string, unknown, string][] = [
    ["no rules", [], "rules must not be empty"],
    ["51 rules", Array.from({ length: 51 }, (_, index) => tagged(index + 1)), "51 rules are given; 50 are allowed"],
    ["a priority twice", [tagged(1), tagged(1, "test*")], "the rulePriority 1 is given more than once"],
    ["a priority of 0", [tagged(0)], "rules[0]: rulePriority must be a whole number from 1 on, not 0"],
    ["an unknown field", [tagged(1), { ...tagged(2), name: "x" }], "rules[1]: name is unknown"],
    [
      "another action",
      [{ ...tagged(1), action: { type: "keep" } }],
      "rules[0]: action.type must be expire here, not keep",
    ],
    ["an unknown selection", [rule(1, { tagStatus: "any", tags: [] })], "rules[0]: selection.tags is unknown"],
    [
      "an unknown count",
      [rule(1, { tagStatus: "any", countType: "size" })],
      "rules[0]: selection.countType must be imageCountMoreThan or sinceImagePushed here, not size",
    ],
    [
      "days without their unit",
      [rule(1, { tagStatus: "any", countType: "sinceImagePushed" })],
      "rules[0]: selection.countUnit must be days with sinceImagePushed, not undefined",
    ],
    [
      "a unit of images",
      [rule(1, { tagStatus: "any", countUnit: "days" })],
      "rules[0]: selection.countUnit is only for sinceImagePushed",
    ],
    [
      "a count of 0",
      [rule(1, { tagStatus: "any", countNumber: 0 })],
      "rules[0]: selection.countNumber must be a whole number from 1 on, not 0",
    ],
    ["no tag status", [rule(1, {})], "rules[0]: selection.tagStatus must be tagged, untagged or any, not undefined"],
    [
      "tags of untagged images",
      [rule(1, { tagStatus: "untagged", tagPatternList: ["*"] })],
      "rules[0]: selection has tags, which go with tagStatus tagged, not untagged",
    ],
    [
      "tagged images without tags",
      [rule(1, { tagStatus: "tagged" })],
      "rules[0]: selection must have either tagPrefixList or tagPatternList, of one tag at the least, with tagStatus tagged",
    ],
    [
      "prefixes beside patterns",
      [rule(1, { tagStatus: "tagged", tagPatternList: ["a*"], tagPrefixList: ["a"] })],
      "rules[0]: selection must have either tagPrefixList or tagPatternList, of one tag at the least, with tagStatus tagged",
    ],
    ["five wildcards", [tagged(1, "*a*b*c*d*")], "rules[0]: the pattern *a*b*c*d* has more than 4 wildcards"],
    ["any before others", [any(1), tagged(2)], "the rule with the tagStatus any must have the highest rulePriority"],
    ["any twice", [any(1), any(2)], "only one rule may have the tagStatus any"],
    [
      "untagged twice",
      [rule(1, { tagStatus: "untagged" }), rule(2, { tagStatus: "untagged" })],
      "only one rule may have the tagStatus untagged",
    ],
  ];
  for (const [what, rules, why] of refused)
    it(`is refused with ${what}`, () => {
      expect(() => checkLifecyclePolicy(JSON.stringify({ rules }))).to.throw(
        `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${why}'`,
      );
    });

  it("is refused where it is not JSON", () => {
    expect(() => checkLifecyclePolicy("{")).to.throw("Lifecycle policy validation failure: it is not JSON: ");
  });
});
