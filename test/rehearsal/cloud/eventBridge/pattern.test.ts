import { expect } from "chai";
import { parsePattern } from "../../../../rehearsal/cloud/eventBridge/pattern";

const EVENT = {
  source: "aws.codepipeline",
  "detail-type": "CodePipeline Pipeline Execution State Change",
  resources: ["arn:aws:codepipeline:us-east-1:123456789012:dev-storefront"],
  detail: { pipeline: "dev-storefront", state: "FAILED", version: 3, retried: false, trigger: null, tags: ["a", "b"] },
};

describe("An event pattern", () => {
  const cases: { pattern: object; matches: boolean }[] = [
    { pattern: { source: ["aws.codepipeline"] }, matches: true },
    { pattern: { source: ["aws.ecr"] }, matches: false },
    { pattern: { source: ["aws.ecr", "aws.codepipeline"] }, matches: true },
    { pattern: { source: ["aws.codepipeline"], detail: { state: ["FAILED"] } }, matches: true },
    { pattern: { source: ["aws.codepipeline"], detail: { state: ["SUCCEEDED"] } }, matches: false },
    { pattern: { source: ["aws.ecr"], detail: { state: ["FAILED"] } }, matches: false },
    { pattern: { detail: { version: [3] } }, matches: true },
    { pattern: { detail: { version: ["3"] } }, matches: false },
    { pattern: { detail: { retried: [false] } }, matches: true },
    { pattern: { detail: { trigger: [null] } }, matches: true },
    { pattern: { detail: { absent: [null] } }, matches: false },
    { pattern: { detail: { tags: ["b", "c"] } }, matches: true },
    { pattern: { detail: { tags: ["c"] } }, matches: false },
    { pattern: { detail: { state: { deeper: ["x"] } } }, matches: false },
    { pattern: { resources: [{ prefix: "arn:aws:codepipeline:" }] }, matches: true },
    { pattern: { resources: [{ prefix: "arn:aws:ecr:" }] }, matches: false },
    { pattern: { detail: { pipeline: [{ prefix: "prod-" }, "dev-storefront"] } }, matches: true },
    { pattern: { detail: { state: [{ "anything-but": "SUCCEEDED" }] } }, matches: true },
    { pattern: { detail: { state: [{ "anything-but": ["SUCCEEDED", "FAILED"] }] } }, matches: false },
    { pattern: { detail: { absent: [{ "anything-but": "x" }] } }, matches: false },
    { pattern: { detail: { state: [{ exists: true }] } }, matches: true },
    { pattern: { detail: { state: [{ exists: false }] } }, matches: false },
    { pattern: { detail: { absent: [{ exists: false }] } }, matches: true },
    { pattern: { nothing: { below: [{ exists: false }] } }, matches: true },
  ];
  for (const { pattern, matches } of cases)
    it(`${JSON.stringify(pattern)} ${matches ? "matches" : "does not match"}`, () => {
      expect(parsePattern(JSON.stringify(pattern))(EVENT)).to.equal(matches);
    });

  const refusals: [pattern: string, name: string, message: string][] = [
    ["{}", "InvalidEventPatternException", "Event pattern is not valid. Reason: Empty objects are not allowed"],
    ["[]", "InvalidEventPatternException", "Event pattern is not valid. Reason: Filter is not an object"],
    [
      '{"detail":{"state":"FAILED"}}',
      "InvalidEventPatternException",
      'Event pattern is not valid. Reason: "detail.state" must be an object or an array',
    ],
    [
      '{"source":[]}',
      "InvalidEventPatternException",
      "Event pattern is not valid. Reason: Empty arrays are not allowed",
    ],
    [
      '{"source":[{"exists":"yes"}]}',
      "InvalidEventPatternException",
      "Event pattern is not valid. Reason: exists match pattern must be either true or false.",
    ],
    [
      '{"detail":{"count":[{"numeric":[">",5]}]}}',
      "NotSimulated",
      "The filter numeric of an event pattern, at detail.count, is not simulated.",
    ],
    [
      '{"source":[{"suffix":"pipeline"}]}',
      "NotSimulated",
      "The filter suffix of an event pattern, at source, is not simulated.",
    ],
    [
      '{"source":[{"anything-but":{"prefix":"aws."}}]}',
      "NotSimulated",
      "The filter anything-but of another filter of an event pattern, at source, is not simulated.",
    ],
    [
      '{"$or":[{"source":["a"]},{"source":["b"]}]}',
      "NotSimulated",
      "The filter $or of an event pattern, at $or, is not simulated.",
    ],
  ];
  for (const [pattern, name, message] of refusals)
    it(`${pattern} is refused`, () => {
      expect(() => parsePattern(pattern))
        .to.throw(message)
        .with.property("name", name);
    });

  it("that is not JSON is refused with the reason", () => {
    expect(() => parsePattern('{"source"'))
      .to.throw(/^Event pattern is not valid\. Reason: .*JSON/)
      .with.property("name", "InvalidEventPatternException");
  });
});
