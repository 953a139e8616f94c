import { expect } from "chai";
import { explain, failure, failureType, isException, isTransient } from "../../../handlers/shared/failure";

const awsError = (name: string, message: string, extra: object = {}) =>
  Object.assign(new Error(message), { name }, extra);

const BAD_REQUEST = { $metadata: { httpStatusCode: 400 } };

describe("failure", () => {
  const explained: [string, unknown, string][] = [
    ["its own", failure("JobFailed", "no such thing", new Error("inner")), "no such thing"],
    ["an AWS exception", awsError("AccessDeniedException", "not authorized"), "AccessDeniedException: not authorized"],
    ["a plain error", new Error("broken"), "broken"],
    ["an error without a message", awsError("NotFound", ""), "NotFound: no message"],
    [
      "a failed fetch, with its cause",
      new TypeError("fetch failed", { cause: awsError("Error", "connect ECONNREFUSED") }),
      "TypeError: fetch failed (connect ECONNREFUSED)",
    ],
    ["what is no error", "thrown", "thrown"],
  ];
  for (const [what, error, text] of explained) {
    it(`explains ${what}`, () => {
      expect(explain(error)).to.equal(text);
    });
  }

  const types: [string, unknown, string][] = [
    ["its own", failure("RevisionUnavailable", "gone"), "RevisionUnavailable"],
    ["a denial", awsError("AccessDeniedException", "not authorized"), "PermissionError"],
    ["S3's denial", awsError("AccessDenied", "Access Denied"), "PermissionError"],
    ["throttling", awsError("ThrottlingException", "Rate exceeded"), "SystemUnavailable"],
    ["an outage", awsError("InternalError", "oops", { $metadata: { httpStatusCode: 503 } }), "SystemUnavailable"],
    ["a refusal", awsError("ClientException", "no", { $metadata: { httpStatusCode: 400 } }), "JobFailed"],
  ];
  for (const [what, error, type] of types) {
    it(`takes ${what} for ${type}`, () => {
      expect(failureType(error)).to.equal(type);
    });
  }

  const transient: [string, unknown, boolean][] = [
    ["a reset connection", awsError("Error", "socket hang up", { code: "ECONNRESET" }), true],
    ["a timeout", awsError("TimeoutError", "took too long"), true],
    ["what the SDK marks so", awsError("ServerException", "oops", { $retryable: {} }), true],
    ["DynamoDB's throttling", awsError("ProvisionedThroughputExceededException", "too fast"), true],
    ["that of the account", awsError("RequestLimitExceeded", "too fast"), true],
    [
      "two registrations of one family at once",
      awsError(
        "ClientException",
        "Too many concurrent attempts to create a new revision of the specified family.",
        BAD_REQUEST,
      ),
      true,
    ],
    ["another ClientException", awsError("ClientException", "TaskDefinition not found.", BAD_REQUEST), false],
    ["a denial", awsError("AccessDeniedException", "no", { $metadata: { httpStatusCode: 400 } }), false],
    ["what is no error", undefined, false],
  ];
  for (const [what, error, verdict] of transient) {
    it(`${verdict ? "expects" : "does not expect"} ${what} to pass`, () => {
      expect(isTransient(error)).to.equal(verdict);
    });
  }

  it("knows an exception by its name", () => {
    const error = awsError("JobNotFoundException", "no such job");
    expect(isException(error, "InvalidJobStateException", "JobNotFoundException")).to.equal(true);
    expect(isException(error, "InvalidJobStateException")).to.equal(false);
    expect(isException({ name: "JobNotFoundException" }, "JobNotFoundException")).to.equal(false);
  });
});
