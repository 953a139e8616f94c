import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { refusal, refusalMessage } from "../../refusal";
import { REPOSITORY } from "../deploy/ecs";
import { file, runs, useSchedules } from "./support";
import { OWN_TAGS } from "./world";

const MINUTES = 60_000;

describe("update of schedules that fails", () => {
  const updates = useSchedules();

  beforeEach(async () => {
    updates.world.label(file("nightly", "ping"));
    await updates.deliver("job-1");
    updates.world.label(file("daily", "ping", "report"));
  });

  const refused = {
    FailedEntryCount: 1,
    FailedEntries: [
      {
        TargetId: "task",
        ErrorCode: "AccessDeniedException",
        ErrorMessage: "not authorized to perform: iam:PassRole",
      },
    ],
  };

  it("at a target that EventBridge refuses with 200 takes all rules back, and leaves none without a target", async () => {
    const before = structuredClone(updates.world.rules);
    const { PutTargets } = updates.endpoint.answers;
    updates.endpoint.answers.PutTargets = (input) =>
      input.Rule === "dev-storefront--report" ? refused : (PutTargets?.(input) ?? {});
    const error = await refusal(updates.deliver("job-2"));
    expect(error).to.deep.include({ name: "Failure", type: "PermissionError" });
    expect(error.message).to.equal(
      "the schedules of storefront v2 were not updated: put target of dev-storefront--report: AccessDeniedException: " +
        "target task: not authorized to perform: iam:PassRole. All rules were restored",
    );
    expect(updates.world.rules).to.deep.equal(before);
  });

  it("half-way leaves no rules of both versions: changed ones get their target back, removed ones come again", async () => {
    const other = `${REPOSITORY}@sha256:${"c".repeat(64)}`;
    const before = structuredClone(updates.world.rules);
    const { DeleteRule } = updates.endpoint.answers;
    updates.world.label(file("ping"));
    updates.endpoint.answers.DeleteRule = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: events:DeleteRule");
    };
    expect(await refusalMessage(updates.deliver("job-2", other))).to.equal(
      "the schedules of storefront v2 were not updated: remove dev-storefront--nightly: AccessDeniedException: not " +
        "authorized to perform: events:DeleteRule. All rules were restored",
    );
    expect(updates.world.rules).to.deep.equal(before);
    updates.endpoint.answers.DeleteRule = DeleteRule as () => object;
  });

  it("and cannot be taken back says which rules, and how far it came", async () => {
    const { PutTargets } = updates.endpoint.answers;
    updates.endpoint.answers.PutTargets = (input) =>
      input.Rule === "dev-storefront--report" ? refused : (PutTargets?.(input) ?? {});
    updates.endpoint.answers.DeleteRule = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: events:DeleteRule");
    };
    const denial = "AccessDeniedException: not authorized to perform: events:DeleteRule";
    expect(await refusalMessage(updates.deliver("job-2"))).to.equal(
      "the schedules of storefront v2 were not updated: put target of dev-storefront--report: AccessDeniedException: " +
        "target task: not authorized to perform: iam:PassRole. " +
        `Not restored: dev-storefront--daily (${denial}), dev-storefront--report (${denial}). ` +
        "Done before the error: create dev-storefront--daily, put target of dev-storefront--daily, create dev-storefront--report. " +
        "Not done: remove dev-storefront--nightly",
    );
  });

  it("does not skip DeleteRule if the answer to RemoveTargets is lost, and the repetition finds no target", async () => {
    const { RemoveTargets } = updates.endpoint.answers;
    // The SDK repeats the call whose answer was lost.
    updates.endpoint.answers.RemoveTargets = (input) => {
      RemoveTargets?.(input);
      const ErrorMessage = "Rule dev-storefront--nightly does not have a target with the Id task.";
      const FailedEntries = [{ TargetId: "task", ErrorCode: "ResourceNotFoundException", ErrorMessage }];
      return { FailedEntryCount: 1, FailedEntries };
    };
    expect((await updates.deliver("job-2")).summary).to.match(/1 removed/);
    expect(updates.world.summary()).to.have.all.keys(
      "dev-storefront--daily",
      "dev-storefront--ping",
      "dev-storefront--report",
    );
  });

  it("is repaired by the next one", async () => {
    const { PutTargets } = updates.endpoint.answers;
    updates.endpoint.answers.PutTargets = () => refused;
    await refusal(updates.deliver("job-2"));
    updates.endpoint.answers.PutTargets = PutTargets as () => object;
    expect((await updates.deliver("job-3")).summary).to.equal(
      "storefront v2, 3 schedules: 2 created, 0 changed, 0 repaired, 1 removed, 1 unchanged",
    );
  });

  it("is not taken up again by a repetition that comes later", async () => {
    const { PutTargets } = updates.endpoint.answers;
    updates.endpoint.answers.PutTargets = () => refused;
    const state = await updates.stateOf(updates.first("job-2"));
    await refusal(updates.second(state));
    updates.endpoint.answers.PutTargets = PutTargets as () => object;
    updates.endpoint.requests = [];
    await updates.second(state);
    expect(updates.changes()).to.deep.equal([]);
  });

  it("at a target that EventBridge does not remove, with 200, keeps the rule", async () => {
    const FailedEntries = [{ TargetId: "task", ErrorCode: "ManagedRuleException", ErrorMessage: "managed" }];
    updates.endpoint.answers.RemoveTargets = () => ({ FailedEntryCount: 1, FailedEntries });
    expect(await refusalMessage(updates.deliver("job-2"))).to.match(
      /: remove dev-storefront--nightly: ManagedRuleException: target task: managed\. Not restored: dev-storefront--daily \(Man.*\. Not done: nothing$/,
    );
    expect(updates.world.summary()).to.include({ "dev-storefront--nightly": runs("nightly", 2) });
  });

  it("at the quota of rules says what to do", async () => {
    updates.endpoint.answers.PutRule = () => {
      throw awsFault("LimitExceededException", "The requested resource exceeds the maximum number allowed.");
    };
    const error = await refusal(updates.deliver("job-2"));
    expect(error).to.deep.include({ type: "ConfigurationError" });
    expect(error.message).to.equal(
      "the schedules of storefront v2 were not updated: create dev-storefront--daily: LimitExceededException: The " +
        "requested resource exceeds the maximum number allowed.: ask AWS for more rules on the event bus (Service Quotas, " +
        "EventBridge), or remove some. All rules were restored",
    );
  });

  it("again and again gives up after a quarter of an hour", async () => {
    const FailedEntries = [{ TargetId: "task", ErrorCode: "ConcurrentModificationException", ErrorMessage: "busy" }];
    updates.endpoint.answers.PutTargets = () => ({ FailedEntryCount: 1, FailedEntries });
    const state = await updates.stateOf(updates.first("job-2"));
    updates.now += 14 * MINUTES;
    expect((await updates.second(state)).summary).to.equal(
      "trying again: ConcurrentModificationException: target task: busy",
    );
    updates.now += MINUTES;
    expect(await refusalMessage(updates.second(state))).to.include(
      "ConcurrentModificationException: target task: busy",
    );
  });
});

describe("update of schedules is refused, and changes nothing,", () => {
  const updates = useSchedules();
  afterEach(() => expect(updates.changes()).to.deep.equal([]));

  it("for a file with mistakes, all of which it tells", async () => {
    updates.world.label("schedules:\n  - name: Nightly\n    rate: 5 minute\n    command: [node]\n");
    const error = await refusal(updates.first("job-1"));
    expect(error).to.deep.include({ type: "ConfigurationError" });
    expect(error.message).to.equal(
      [
        "schedules.yaml was rejected, and no schedule of storefront was changed:",
        "schedules.yaml:1: timeZone is missing; write timeZone: UTC, because EventBridge rules support only UTC",
        'schedules.yaml:2: schedules[0].name is "Nightly", expected a-z, 0-9 and single hyphens, starting with a letter',
        'schedules.yaml:3: schedules[0].rate "5 minute": write it as 5 minutes',
      ].join("\n"),
    );
  });

  it("for rules of its names that are not its own, whether the file wants them or not", async () => {
    updates.world.label(file("nightly"));
    updates.world.rules["dev-storefront--nightly"] = { tags: {}, targets: [] };
    updates.world.rules["dev-storefront--other"] = {
      tags: { ...OWN_TAGS, "slipway:environment": "prod" },
      targets: [],
    };
    expect(await refusalMessage(updates.first("job-1"))).to.equal(
      "rules that slipway did not create have names reserved for the schedules of storefront: dev-storefront--nightly, " +
        "dev-storefront--other: rename or remove them, or give them the tags slipway:application=storefront and " +
        "slipway:environment=dev; no schedule was changed",
    );
  });

  it("for an image without the label", async () => {
    updates.world.labels = undefined;
    const error = await refusal(updates.first("job-1"));
    expect(error).to.deep.include({ type: "ConfigurationError" });
    expect(error.message).to.match(/^image storefront@sha256:b{64} has no label slipway\.schedules: add --label /);
  });
});
