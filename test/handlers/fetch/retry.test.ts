import { expect } from "chai";
import { decideRetry, judged, typeOf } from "../../../handlers/fetch/retry";
import { type Failure, failure } from "../../../handlers/shared/failure";

describe("a fetch that failed", () => {
  const retry = (seconds: number) => ({ kind: "retry" as const, seconds });
  const parked = { kind: "park" as const, reason: "why" };
  const table: [Failure["type"], number, ReturnType<typeof decideRetry>][] = [
    ["SystemUnavailable", 1, retry(14)],
    ["SystemUnavailable", 2, retry(28)],
    ["SystemUnavailable", 3, retry(55)],
    ["SystemUnavailable", 6, retry(442)],
    ["SystemUnavailable", 7, retry(829)],
    ["SystemUnavailable", 20, retry(829)],
    ["PermissionError", 1, retry(14)],
    ["PermissionError", 20, retry(829)],
    ["RevisionUnavailable", 1, retry(14)],
    ["RevisionUnavailable", 2, retry(28)],
    ["RevisionUnavailable", 3, parked],
    ["RevisionOutOfSync", 2, retry(28)],
    ["RevisionOutOfSync", 4, parked],
    ["JobFailed", 1, parked],
    ["ConfigurationError", 1, parked],
  ];
  for (const [type, receives, verdict] of table) {
    it(`with ${type} the ${receives}. time: ${verdict.kind}`, () => {
      expect(decideRetry({ type, message: "why" }, receives, "m1")).to.deep.equal(verdict);
    });
  }

  for (const [retryAfter, seconds] of [
    [3, 14],
    [600, 600],
    [59.2, 60],
    [7_200, 7_200],
    [86_400, 39_600],
  ] as const) {
    it(`is tried again after ${seconds} s if the forge asks for ${retryAfter} s`, () => {
      const problem = { type: "SystemUnavailable", message: "why", retryAfter } as const;
      expect(decideRetry(problem, 1, "m1")).to.deep.equal(retry(seconds));
    });
  }

  it("is tried again at another time than others that failed with it", () => {
    const seconds = (messageId: string, receives: number) => {
      const verdict = decideRetry({ type: "SystemUnavailable", message: "why" }, receives, messageId);
      return verdict.kind === "retry" ? verdict.seconds : undefined;
    };
    expect(["m1", "m2"].map((id) => seconds(id, 7))).to.deep.equal([829, 885]);
    const ids = Array.from({ length: 1_000 }, (_, index) => `message-${index}`);
    const all = ids.map((id) => seconds(id, 20) ?? Number.NaN);
    expect([Math.min(...all), Math.max(...all)]).to.deep.equal([810, 900]);
  });
});

describe("an error of a fetch", () => {
  const error = (message: string, fields: object, options?: ErrorOptions) =>
    Object.assign(new Error(message, options), fields);
  const table: [string, Error, Failure["type"]][] = [
    ["keeps the type that it has", failure("JobFailed", "no"), "JobFailed"],
    ["is a denial", error("no", { name: "AccessDenied" }), "PermissionError"],
    ["is an outage of AWS", error("no", { $metadata: { httpStatusCode: 503 } }), "SystemUnavailable"],
    [
      "is a download that broke off",
      new TypeError("terminated", { cause: error("other side closed", { code: "UND_ERR_SOCKET" }) }),
      "SystemUnavailable",
    ],
    [
      "is a download that was reset",
      new TypeError("terminated", { cause: error("read ECONNRESET", { code: "ECONNRESET" }) }),
      "SystemUnavailable",
    ],
    ["is a network that is gone", error("connect", { code: "ENETUNREACH" }), "SystemUnavailable"],
    [
      "is a stream that was closed from here",
      error("closed", { code: "ERR_STREAM_PREMATURE_CLOSE" }),
      "RevisionUnavailable",
    ],
    [
      "is a damaged content encoding",
      new TypeError("terminated", { cause: error("incorrect data check", { code: "Z_DATA_ERROR" }) }),
      "SystemUnavailable",
    ],
    ["is nothing that is known", error("NoSuchBucket", {}), "RevisionUnavailable"],
  ];
  for (const [what, thrown, type] of table) {
    it(`that ${what} is ${type}`, () => {
      expect(typeOf(thrown)).to.equal(type);
    });
  }

  it("says itself, and no more", () => {
    const { signal } = new AbortController();
    const known = failure("JobFailed", "an entry is refused");
    expect(judged(known, signal)).to.equal(known);
    expect(judged(error("no", { name: "AccessDenied" }), signal)).to.include({
      name: "Failure",
      type: "PermissionError",
      message: "AccessDenied: no",
    });
  });

  it("is an outage when the function's time is over, whatever ended for want of it", () => {
    const controller = new AbortController();
    controller.abort();
    expect(judged(failure("RevisionUnavailable", "not stored: AbortError"), controller.signal)).to.include({
      type: "SystemUnavailable",
      message: "not finished before the function's timeout: not stored: AbortError",
    });
  });
});
