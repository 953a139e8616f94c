import { expect } from "chai";
import { evaluate, type IamRequest, type Verdict } from "../../../../rehearsal/cloud/iam/evaluate";
import { readPolicy } from "../../../../rehearsal/cloud/iam/policyDocument";

const QUEUE = "arn:aws:sqs:us-east-1:123456789012:pushes";
const ROLE = "arn:aws:iam::123456789012:role/webhook";
const SESSION = "arn:aws:sts::123456789012:assumed-role/webhook/rehearsal";
const role: IamRequest["caller"] = { kind: "role", arn: ROLE, sessionArn: SESSION };
const service = (name: string): IamRequest["caller"] => ({ kind: "service", name });

const policy = (kind: Parameters<typeof readPolicy>[1], ...statements: object[]) =>
  readPolicy({ Version: "2012-10-17", Statement: statements }, kind, "The policy");
const ofRole = (...statements: object[]) => policy("identity", ...statements);
const ofQueue = (...statements: object[]) => policy("resource", ...statements);
const allow = (more: object = {}) => ({ Effect: "Allow", Action: "sqs:SendMessage", Resource: QUEUE, ...more });
const request = (more: Partial<IamRequest> = {}): IamRequest => ({
  action: "sqs:SendMessage",
  resource: QUEUE,
  caller: role,
  context: {},
  ...more,
});

describe("the evaluation of policies", () => {
  const own: [string, object[], Verdict][] = [
    ["without a statement", [], "denied"],
    ["of the action on the resource", [allow()], "allowed"],
    ["of another case of the action", [allow({ Action: ["SQS:sendmessage"] })], "allowed"],
    ["of all actions of the service", [allow({ Action: "sqs:*" })], "allowed"],
    ["of some actions", [allow({ Action: "sqs:S?ndM*" })], "allowed"],
    ["of another action", [allow({ Action: "sqs:Send" })], "denied"],
    ["on every resource", [allow({ Resource: "*" })], "allowed"],
    ["on resources that begin so", [allow({ Resource: ["arn:aws:sqs:us-east-1:123456789012:push*"] })], "allowed"],
    ["in every region", [allow({ Resource: "arn:aws:sqs:*:123456789012:pushes" })], "allowed"],
    ["by a wildcard that reaches beyond its part", [allow({ Resource: "arn:aws:sqs:*:pushes" })], "allowed"],
    ["on a resource whose name has another case", [allow({ Resource: QUEUE.replace("pushes", "Pushes") })], "denied"],
    ["that another statement denies", [allow(), allow({ Effect: "Deny", Action: "sqs:*" })], "explicitly denied"],
    ["that a statement would deny elsewhere", [allow(), allow({ Effect: "Deny", Resource: `${QUEUE}2` })], "allowed"],
  ];
  for (const [what, statements, verdict] of own)
    it(`${verdict}: a permission ${what}`, () => {
      expect(evaluate(request(), [ofRole(...statements)])).to.equal(verdict);
    });

  const ofResource: [string, IamRequest["caller"], object, Verdict][] = [
    ["everybody", service("sns.amazonaws.com"), { Principal: "*" }, "allowed"],
    ["the service", service("sns.amazonaws.com"), { Principal: { Service: ["sns.amazonaws.com"] } }, "allowed"],
    ["another service", service("sns.amazonaws.com"), { Principal: { Service: "events.amazonaws.com" } }, "denied"],
    [
      "the service of China",
      service("ec2.amazonaws.com"),
      { Principal: { Service: "ec2.amazonaws.com.cn" } },
      "denied",
    ],
    ["every AWS principal", service("sns.amazonaws.com"), { Principal: { AWS: "*" } }, "allowed"],
    ["the role", role, { Principal: { AWS: ROLE } }, "allowed"],
    ["the role's session", role, { Principal: { AWS: [SESSION] } }, "allowed"],
    ["another role", role, { Principal: { AWS: `${ROLE}2` } }, "denied"],
  ];
  for (const [who, caller, statement, verdict] of ofResource)
    it(`${verdict}: a resource's permission for ${who}`, () => {
      expect(evaluate(request({ caller }), [], ofQueue(allow(statement)))).to.equal(verdict);
    });

  it("lets a resource's policy deny what the role's own allows, but not what it does not name the role for", () => {
    const deny = allow({ Effect: "Deny", Principal: "*" });
    expect(evaluate(request(), [ofRole(allow())], ofQueue(deny))).to.equal("explicitly denied");
    const other = { ...deny, Principal: { AWS: `${ROLE}2` } };
    expect(evaluate(request(), [ofRole(allow())], ofQueue(other))).to.equal("allowed");
  });

  it("takes the statement of a trust policy, which names no resource", () => {
    const trust = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
    const assume = { action: "sts:AssumeRole", resource: ROLE, caller: service("lambda.amazonaws.com") };
    expect(evaluate(request(assume), [], policy("trust", trust))).to.equal("allowed");
  });

  const context = { "aws:SourceArn": QUEUE, "aws:TagKeys": ["a", "b"], "aws:SecureTransport": "true" };
  const conditions: [object, boolean][] = [
    [{ StringEquals: { "AWS:SOURCEARN": [`${QUEUE}2`, QUEUE] } }, true],
    [{ StringEquals: { "aws:SourceArn": QUEUE.toUpperCase() } }, false],
    [{ StringEqualsIgnoreCase: { "aws:SourceArn": QUEUE.toUpperCase() } }, true],
    [{ StringEquals: { "aws:SourceAccount": "123456789012" } }, false],
    [{ StringEqualsIfExists: { "aws:SourceAccount": "123456789012" } }, true],
    [{ StringNotEquals: { "aws:SourceAccount": "123456789012" } }, true],
    [{ StringNotEquals: { "aws:SourceArn": [`${QUEUE}2`, QUEUE] } }, false],
    [{ StringLike: { "aws:SourceArn": "arn:*:push??" } }, true],
    [{ StringNotLike: { "aws:SourceArn": "arn:*:push??" } }, false],
    [{ ArnLike: { "aws:SourceArn": "arn:aws:sqs:*:*:push*" } }, true],
    [{ ArnEquals: { "aws:SourceArn": "arn:*:pushes" } }, false],
    [{ ArnNotLike: { "aws:SourceArn": "arn:aws:sqs:*:*:push*" } }, false],
    [{ Bool: { "aws:SecureTransport": "false" } }, false],
    [{ Bool: { "aws:SecureTransport": "true" } }, true],
    [{ Null: { "aws:SourceArn": "false", "aws:SourceAccount": "true" } }, true],
    [{ Null: { "aws:SourceArn": "true" } }, false],
    [{ Null: { "aws:SourceArn": "False" } }, true],
    [{ Null: { "aws:SourceArn": false }, Bool: { "aws:SecureTransport": true } }, true],
    [{ StringEquals: { "aws:TagKeys": 1 } }, false],
    [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b", "c"] } }, true],
    [{ "ForAllValues:StringEquals": { "aws:TagKeys": ["a"] } }, false],
    [{ "ForAllValues:StringEquals": { "aws:RequestTag/a": ["a"] } }, true],
    [{ "ForAnyValue:StringEquals": { "aws:TagKeys": ["a"] } }, true],
    [{ "ForAnyValue:StringEquals": { "aws:TagKeys": ["c"] } }, false],
    [{ "ForAnyValue:StringNotEquals": { "aws:TagKeys": ["a"] } }, true],
    [{ "ForAnyValue:StringNotEquals": { "aws:RequestTag/a": ["a"] } }, false],
    [{ StringEquals: { "aws:SourceArn": QUEUE }, Bool: { "aws:SecureTransport": "false" } }, false],
  ];
  for (const [Condition, holds] of conditions)
    it(`${holds ? "holds" : "does not hold"}: ${JSON.stringify(Condition)}`, () => {
      expect(evaluate(request({ context }), [ofRole(allow({ Condition }))])).to.equal(holds ? "allowed" : "denied");
    });
});
