import { expect } from "chai";
import { readPolicy } from "../../../../rehearsal/cloud/iam/policyDocument";

const BUCKET = "arn:aws:s3:::archives";
const NAME = "The policy p";
const allow = (more: object = {}) => ({ Effect: "Allow", Action: "s3:GetObject", Resource: BUCKET, ...more });
const read = (kind: Parameters<typeof readPolicy>[1], statement: object) =>
  readPolicy(JSON.stringify({ Version: "2012-10-17", Statement: statement }), kind, NAME);

describe("a policy that is declared", () => {
  const mistakes: [Parameters<typeof readPolicy>[1], object, string][] = [
    ["identity", allow({ Resource: undefined }), "a statement has no Resource."],
    ["identity", allow({ Resource: [] }), "a statement has no Resource."],
    ["identity", allow({ Sid: "Read", Action: undefined }), "the statement Read has no Action."],
    ["identity", allow({ Action: [] }), "a statement has no Action."],
    ["identity", allow({ Effect: "deny" }), "a statement has the Effect deny: it must be Allow or Deny."],
    ["identity", allow({ Resource: "archives" }), "a statement has a Resource that is no ARN: archives."],
    ["identity", allow({ Conditions: {} }), "a statement has the unknown element Conditions."],
    ["identity", allow({ Principal: "*" }), "a statement has a Principal, which policies of its kind do not have."],
    ["trust", allow({ Principal: "*" }), "a statement has a Resource, which policies of its kind do not have."],
    ["trust", allow({ Resource: undefined }), "a statement has no Principal."],
    ["resource", allow(), "a statement has no Principal."],
    ["resource", allow({ Principal: {} }), "a statement has no Principal."],
  ];
  for (const [kind, statement, message] of mistakes)
    it(`is rejected, as by AWS: ${kind}: ${message}`, () => {
      expect(() => read(kind, statement))
        .to.throw(`${NAME}: ${message}`)
        .with.property("name", "MalformedPolicyDocument");
    });

  const unknown: [object, string][] = [
    [allow({ NotAction: "s3:*" }), "NotAction"],
    [allow({ NotResource: BUCKET }), "NotResource"],
    [allow({ NotPrincipal: "*" }), "NotPrincipal"],
    [allow({ Principal: "arn:aws:iam::123456789012:role/r" }), "the principal arn:aws:iam::123456789012:role/r"],
    [allow({ Principal: { AWS: "123456789012" } }), "the principal 123456789012"],
    [
      allow({ Principal: { AWS: ["*", "arn:aws:iam::123456789012:root"] } }),
      "the principal arn:aws:iam::123456789012:root",
    ],
    [allow({ Principal: { Federated: "acme" } }), "a Federated principal"],
    [allow({ Principal: "*", Resource: `${BUCKET}/\${aws:username}` }), "a policy variable"],
    [allow({ Principal: "*", Condition: { IpAddress: {} } }), "the operator IpAddress"],
    [allow({ Principal: "*", Condition: { NullIfExists: {} } }), "the operator NullIfExists"],
    [allow({ Principal: "*", Condition: { constructor: {} } }), "the operator constructor"],
  ];
  for (const [statement, what] of unknown)
    it(`is rejected each time, because the rehearsal would ignore ${what}`, () => {
      const message = `${NAME}: ${what} is not simulated; rehearsal/cloud/iam/evaluate.ts decides.`;
      for (let time = 0; time < 2; time++)
        expect(() => read("resource", statement))
          .to.throw(message)
          .with.property("name", "RehearsalFault");
    });

  it("may have one statement that is not in a list", () => {
    expect(read("identity", allow())).to.deep.equal({ Version: "2012-10-17", Statement: [allow()] });
  });
});
