import { assert } from "chai";
import type { ArrivingCall } from "../../../rehearsal/cloud/injection";
import type { Sender } from "../../../rehearsal/cloud/service";
import { formatFault, parseFault } from "../../../rehearsal/faults/fault";
import { createFaults } from "../../../rehearsal/faults/injector";

describe("rehearsal: a fault on the command line", () => {
  it("names who calls what, which call, and what goes wrong", () => {
    assert.deepEqual(parseFault("storefront-deploy:ecs:UpdateService#2=answer-lost"), {
      who: "storefront-deploy",
      service: "ecs",
      operation: "UpdateService",
      from: 2,
      to: 2,
      kind: "answer-lost",
    });
  });

  for (const text of [
    "storefront-deploy:ecs:UpdateService#2=answer-lost",
    "fetch:s3:PutObject=500",
    "tag:ecr:PutImage#2-4=kill-after",
  ])
    it(`is written as it was read: ${text}`, () => assert.equal(formatFault(parseFault(text)), text));

  it("means the first call if it has no number", () => {
    assert.deepInclude(parseFault("fetch:s3:PutObject=500"), { from: 1, to: 1 });
  });

  const kinds = "throttle, 500, denied, reset, answer-lost, kill-before, kill-after, twice, twice-late, stale-read";
  const form =
    "write <role or function>:<service>:<operation>#<call>=<kind>, as in storefront-deploy:ecs:UpdateService#2=answer-lost";
  const mistakes: [text: string, message: string][] = [
    ["", `: ${form}`],
    ["ecs:UpdateService=500", `ecs:UpdateService=500: ${form}`],
    ["deploy:ecs:UpdateService", `deploy:ecs:UpdateService: ${form}`],
    ["deploy:ecs:UpdateService=", `deploy:ecs:UpdateService=: (nothing) is no kind of fault; allowed: ${kinds}`],
    ["deploy:ecs:UpdateService=lost", `deploy:ecs:UpdateService=lost: lost is no kind of fault; allowed: ${kinds}`],
    [
      "deploy:ecs:UpdateService#0=500",
      "deploy:ecs:UpdateService#0=500: #0 is no call; write #2 for the second one, or #2-4 for the second to the fourth",
    ],
    [
      "deploy:ecs:UpdateService#3-2=500",
      "deploy:ecs:UpdateService#3-2=500: #3-2 is no call; write #2 for the second one, or #2-4 for the second to the fourth",
    ],
    [
      "deploy:ECS:UpdateService=500",
      "deploy:ECS:UpdateService=500: ECS is no service; write the name that requests are signed for, as ecs or dynamodb",
    ],
    [
      "deploy:ecs:updateService=500",
      "deploy:ecs:updateService=500: updateService is no operation; write it as AWS's API does, as UpdateService",
    ],
  ];
  for (const [text, message] of mistakes)
    it(`is refused if it is "${text}"`, () => {
      assert.throws(() => parseFault(text), new RegExp(`^${message.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`));
    });
});

describe("rehearsal: injected faults", () => {
  const sender: Sender = { name: "storefront-deploy-function-1", kill: () => undefined, redeliver: () => undefined };
  const call = (invocation: string, given: Partial<ArrivingCall> = {}): ArrivingCall => ({
    principal: "arn:aws:iam::123456789012:role/storefront-deploy-role-1a2b3c4",
    service: "ecs",
    operation: "UpdateService",
    input: {},
    invocation,
    sender,
    hasEarlierAnswer: false,
    ...given,
  });

  it("meet the call that they name, and no other", () => {
    const faults = createFaults([parseFault("storefront-deploy:ecs:UpdateService#2=answer-lost")]);
    const kinds = ["a", "b", "c"].map((it) => faults.faultOf(call(it))?.kind);
    assert.deepEqual(kinds, [undefined, "answer-lost", undefined]);
  });

  it("meet each of several calls in succession", () => {
    const faults = createFaults([parseFault("storefront-deploy:ecs:UpdateService#2-3=kill-before")]);
    const kinds = ["a", "b", "c", "d"].map((it) => faults.faultOf(call(it))?.kind);
    assert.deepEqual(kinds, [undefined, "kill-before", "kill-before", undefined]);
  });

  it("find a call by its function's name", () => {
    const faults = createFaults([parseFault("deploy-function:ecs:UpdateService=500")]);
    assert.equal(faults.faultOf(call("a"))?.kind, "500");
  });

  it("are no others' than those of the role, the service and the operation", () => {
    const faults = createFaults([parseFault("storefront-deploy:ecs:UpdateService=500")]);
    const others = [
      { principal: "arn:aws:iam::1:role/tag", sender: undefined },
      { service: "ecr" },
      { operation: "RunTask" },
    ];
    assert.deepEqual(
      others.map((it) => faults.faultOf(call("a", { ...it, invocation: undefined }))),
      [undefined, undefined, undefined],
    );
  });

  it("throttle every attempt of the SDK at one call", () => {
    const faults = createFaults([parseFault("deploy:ecs:UpdateService=throttle")]);
    assert.deepEqual(
      ["a", "a", "a", "b"].map((it) => faults.faultOf(call(it))?.kind),
      ["throttle", "throttle", "throttle", undefined],
    );
  });

  it("lose the answer to the first attempt only: the second one meets what the first has done", () => {
    const faults = createFaults([parseFault("deploy:ecs:UpdateService=answer-lost")]);
    assert.deepEqual(
      ["a", "a"].map((it) => faults.faultOf(call(it))?.kind),
      ["answer-lost", undefined],
    );
  });

  it("are known to have had no effect until they have", () => {
    const fault = parseFault("deploy:ecs:UpdateService=500");
    const faults = createFaults([fault]);
    const injected = faults.faultOf(call("a"));
    assert.deepEqual(faults.unfired(), [fault]);
    injected?.fired();
    assert.deepEqual(faults.unfired(), []);
  });

  it("count calls, not attempts, and from 1 again once they are armed anew", () => {
    const faults = createFaults();
    for (const it of ["a", "a", "b"]) faults.faultOf(call(it));
    const expected = {
      principal: "storefront-deploy-role-1a2b3c4",
      service: "ecs",
      operation: "UpdateService",
      internal: false,
      redeliverable: true,
      hasEarlierAnswer: false,
    };
    assert.deepEqual(faults.calls, [
      { ...expected, number: 1 },
      { ...expected, number: 2 },
    ]);
    faults.arm([]);
    faults.faultOf(call("c"));
    assert.deepEqual(faults.calls, [{ ...expected, number: 1 }]);
  });
});
