import { expect } from "chai";
import { type Clock, createClock } from "../../../../rehearsal/clock";
import {
  createAsynchronousInvocations,
  defaultLimits,
  type EventLimits,
  type FailedEvent,
} from "../../../../rehearsal/cloud/lambda/asynchronousInvocation";
import type { Invoker } from "../../../../rehearsal/cloud/lambda/invoker";
import { awsError } from "../../../../rehearsal/cloud/service";

const start = Date.UTC(2026, 0, 5, 9);

describe("asynchronous invocations", () => {
  /** Time in seconds, event, and the request's number in order of appearance. */
  const seen: string[] = [];
  const requests: string[] = [];
  let clock: Clock;
  let outcomes: ("ok" | "error" | "throttled")[] = [];
  let stopped = false;

  const invoker: Invoker = {
    async invoke(payload, requestId = "") {
      if (!requests.includes(requestId)) requests.push(requestId);
      seen.push(`${(clock.now() - start) / 1000} ${payload} #${requests.indexOf(requestId) + 1}`);
      const outcome = outcomes.shift() ?? "ok";
      if (outcome === "throttled") throw awsError("TooManyRequestsException", "Rate Exceeded.", 429);
      return outcome === "ok"
        ? { requestId, payload: "{}" }
        : { requestId, payload: "{}", error: { errorType: "Error", errorMessage: "no" } };
    },
    stop: async () => {},
  };

  async function invoked(repeats: boolean, payloads: string[], limits?: EventLimits): Promise<string[]> {
    const { invokeLater } = createAsynchronousInvocations(clock, { repeats, isStopped: () => stopped });
    for (const payload of payloads) invokeLater(invoker, payload, limits);
    for (let second = 0; second < 600; second++) {
      await new Promise(setImmediate);
      await clock.turn(1000);
    }
    return [...seen];
  }

  beforeEach(() => {
    clock = createClock(0, start);
    outcomes = [];
    seen.length = 0;
    requests.length = 0;
    stopped = false;
  });
  afterEach(() => clock.stop());

  it("come once in an account that does not repeat them", async () => {
    expect(await invoked(false, ["a", "b"])).to.deep.equal(["0 a #1", "0 b #2"]);
  });

  it("come twice where it does: at once beside the first, and late, in turn", async () => {
    expect(await invoked(true, ["a", "b", "c", "d"])).to.deep.equal([
      "0 a #1",
      "0 a #1",
      "0 b #2",
      "0 c #3",
      "0 c #3",
      "0 d #4",
      "60 b #2",
      "60 d #4",
    ]);
  });

  it("are tried again where they fail, the repeated one as the first, under one request id", async () => {
    outcomes = ["error", "error", "ok", "error", "ok"];
    expect(await invoked(true, ["a"])).to.deep.equal(["0 a #1", "0 a #1", "60 a #1", "60 a #1", "180 a #1"]);
  });

  it("are not counted as tried where they are throttled", async () => {
    outcomes = ["throttled", "throttled", "error", "error", "error"];
    expect(await invoked(false, ["a"])).to.deep.equal(["0 a #1", "5 a #1", "10 a #1", "70 a #1", "190 a #1"]);
  });

  it("are tried as often as the function's configuration says, and no longer than it says", async () => {
    outcomes = ["error", "error", "throttled", "throttled", "throttled"];
    const once = { retryAttempts: 0, maximumAge: 60_000 };
    expect(await invoked(false, ["a"], once)).to.deep.equal(["0 a #1"]);
    seen.length = 0;
    requests.length = 0;
    outcomes = Array.from({ length: 99 }, () => "throttled");
    const from = (clock.now() - start) / 1000;
    const attempts = await invoked(false, ["a"], once);
    expect([attempts.at(0), attempts.at(-1)]).to.deep.equal([`${from} a #1`, `${from + 60} a #1`]);
  });

  it("go to the destination of failed events once no attempt is left, with the last error", async () => {
    const failed: FailedEvent[] = [];
    const limits = { ...defaultLimits, onFailure: (event: FailedEvent) => failed.push(event) };
    outcomes = ["error", "error", "error", "error", "ok"];
    await invoked(false, ["a"], limits);
    expect(failed.map(({ requestId, ...event }) => [requests.indexOf(requestId), event])).to.deep.equal([
      [0, { condition: "RetriesExhausted", payload: "a", attempts: 3, response: "{}" }],
    ]);
    await invoked(false, ["b"], limits);
    expect(failed).to.have.length(1);
    outcomes = Array.from({ length: 99 }, () => "throttled");
    await invoked(false, ["c"], { ...limits, maximumAge: 60_000 });
    expect(failed.slice(1).map(({ requestId: _, ...event }) => event)).to.deep.equal([
      { condition: "EventAgeExceeded", payload: "c", attempts: 0, response: undefined },
    ]);
  });

  it("end with the account", async () => {
    outcomes = ["error"];
    const { invokeLater } = createAsynchronousInvocations(clock, { repeats: false, isStopped: () => stopped });
    invokeLater(invoker, "a");
    stopped = true;
    await new Promise(setImmediate);
    await clock.turn(600_000);
    expect(seen).to.deep.equal(["0 a #1"]);
  });
});
