import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { refusal, refusalMessage } from "../../refusal";
import { IMAGE, REPOSITORY } from "../deploy/ecs";
import { file, runs, useSchedules } from "./support";
import { arnOf, FAMILY, OWN_TAGS } from "./world";

const OTHER_IMAGE = `${REPOSITORY}@sha256:${"c".repeat(64)}`;

describe("update of schedules", () => {
  const updates = useSchedules();

  it("registers in its first step, and acts in its second", async () => {
    updates.world.label(file("nightly", "ping"));
    const outcome = await updates.first("job-1");
    expect(outcome.summary).to.equal(`storefront v2: 2 schedules will run ${FAMILY}:2`);
    expect(updates.changes()).to.deep.equal(["RegisterTaskDefinition"]);
    const summary = (await updates.second(await updates.stateOf(Promise.resolve(outcome)))).summary;
    expect(summary).to.equal("storefront v2, 2 schedules: 2 created, 0 changed, 0 repaired, 0 removed, 0 unchanged");
    expect(updates.world.summary()).to.deep.equal({
      "dev-storefront--nightly": runs("nightly", 2),
      "dev-storefront--ping": runs("ping", 2),
    });
    expect(updates.world.rules["dev-storefront--nightly"]?.tags).to.deep.equal(OWN_TAGS);
    expect(updates.world.ecs.definitions[`${FAMILY}:2`]?.containerDefinitions).to.deep.equal([
      { name: "app", image: IMAGE },
    ]);
  });

  it("logs its plan before it acts", async () => {
    updates.world.label(file("nightly"));
    updates.endpoint.answers.PutRule = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: events:PutRule");
    };
    await refusalMessage(updates.deliver("job-1"));
    expect(updates.lines.find(({ message }) => message === "schedules plan")).to.deep.equal({
      level: "info",
      message: "schedules plan",
      application: "storefront",
      plan: [
        'create dev-storefront--nightly: rate(1 hour); {"containerOverrides":[{"name":"app","command":["node","nightly.js"]}]}',
      ],
    });
  });

  it("creates, changes, repairs and removes, only its own, and removes last", async () => {
    updates.world.label(file("nightly", "ping", "report"));
    await updates.deliver("job-1");
    const neighbour = { tags: {}, targets: [], ScheduleExpression: "rate(1 day)" };
    updates.world.rules["dev-storefront-admin--nightly"] = neighbour;
    Object.assign(updates.world.rules["dev-storefront--ping"] ?? {}, { ScheduleExpression: "rate(2 hours)" });
    Object.assign(updates.world.rules["dev-storefront--report"] ?? {}, { targets: [] });
    updates.world.label(file("ping", "report", "weekly"));
    updates.endpoint.requests = [];
    const { summary } = await updates.deliver("job-2");
    expect(summary).to.equal("storefront v2, 3 schedules: 1 created, 1 changed, 1 repaired, 1 removed, 0 unchanged");
    expect(updates.world.summary()).to.deep.equal({
      "dev-storefront--ping": runs("ping", 2),
      "dev-storefront--report": runs("report", 2),
      "dev-storefront--weekly": runs("weekly", 2),
      "dev-storefront-admin--nightly": "rate(1 day), ",
    });
    expect(updates.changes()).to.deep.equal([
      ...["PutRule", "PutTargets", "PutRule", "PutTargets"],
      ...["RemoveTargets", "DeleteRule", "TagResource"],
    ]);
  });

  it("lets all rules run the new image", async () => {
    updates.world.label(file("nightly", "ping"));
    await updates.deliver("job-1");
    const { summary } = await updates.deliver("job-2", OTHER_IMAGE);
    expect(summary).to.equal("storefront v2, 2 schedules: 0 created, 2 changed, 0 repaired, 0 removed, 0 unchanged");
    expect(Object.values(updates.world.summary())).to.deep.equal([runs("nightly", 3), runs("ping", 3)]);
    expect(updates.world.ecs.definitions[`${FAMILY}:3`]?.containerDefinitions?.[0]?.image).to.equal(OTHER_IMAGE);
  });

  it("removes all rules of a file without schedules, and registers nothing for it", async () => {
    updates.world.label(file("nightly", "ping"));
    await updates.deliver("job-1");
    updates.world.label(file());
    updates.endpoint.requests = [];
    expect((await updates.first("job-2")).summary).to.equal("storefront v2 has no schedules");
    const { summary } = await updates.deliver("job-2");
    expect(summary).to.equal("storefront v2, 0 schedules: 0 created, 0 changed, 0 repaired, 2 removed, 0 unchanged");
    expect(updates.world.rules).to.deep.equal({});
    expect(updates.changes()).to.deep.equal(["RemoveTargets", "DeleteRule", "RemoveTargets", "DeleteRule"]);
  });

  it("of the same image again changes nothing, and registers nothing", async () => {
    updates.world.label(file("nightly"));
    await updates.deliver("job-1");
    const before = JSON.stringify(updates.world.rules);
    updates.endpoint.requests = [];
    const { summary } = await updates.deliver("job-2");
    expect(summary).to.equal("storefront v2, 1 schedule: 0 created, 0 changed, 0 repaired, 0 removed, 1 unchanged");
    expect(updates.changes()).to.deep.equal(["TagResource"]);
    expect(JSON.stringify(updates.world.rules)).to.equal(before);
  });

  it("registers again if the program's revision has changed, or the one that runs is gone", async () => {
    updates.world.label(file("nightly"));
    await updates.deliver("job-1");
    Object.assign(updates.world.ecs.definitions[`${FAMILY}:1`] ?? {}, { cpu: "512" });
    await updates.deliver("job-2");
    expect(Object.values(updates.world.summary())).to.deep.equal([runs("nightly", 3)]);
    Object.assign(updates.world.ecs.definitions[`${FAMILY}:3`] ?? {}, { status: "INACTIVE" });
    await updates.deliver("job-3");
    expect(Object.values(updates.world.summary())).to.deep.equal([runs("nightly", 4)]);
  });

  describe("repeated", () => {
    it("in any order after its end changes nothing", async () => {
      updates.world.label(file("nightly", "ping"));
      const { state } = await updates.deliver("job-1");
      const before = JSON.stringify(updates.world.rules);
      updates.endpoint.requests = [];
      await updates.first("job-1");
      expect((await updates.second(state)).summary).to.equal(
        "storefront v2: this schedules update has already finished",
      );
      expect(updates.changes()).to.deep.equal([]);
      expect(JSON.stringify(updates.world.rules)).to.equal(before);
    });

    it("after a later one leaves that one's schedules", async () => {
      updates.world.label(file("nightly"));
      const before = await updates.stateOf(updates.first("job-1"));
      await updates.deliver("job-2", OTHER_IMAGE);
      expect(await refusalMessage(updates.second(before))).to.equal(
        `the schedules were not updated to storefront v2: a later update has switched them to ${FAMILY}:3`,
      );
      expect(Object.values(updates.world.summary())).to.deep.equal([runs("nightly", 3)]);
    });

    it("after a later one has removed all schedules brings none back", async () => {
      updates.world.label(file("nightly"));
      const { state } = await updates.deliver("job-1");
      updates.world.label(file());
      await updates.deliver("job-2");
      updates.world.label(file("nightly"));
      await updates.second(state);
      expect(updates.world.rules).to.deep.equal({});
    });

    it("long after a later one has removed all schedules, though it was never carried out, is refused", async () => {
      updates.world.label(file("nightly"));
      const state = await updates.stateOf(updates.first("job-1"));
      updates.world.label(file());
      await updates.deliver("job-2", OTHER_IMAGE);
      updates.world.label(file("nightly"));
      updates.now += 36 * 60_000;
      expect(await refusalMessage(updates.second(state))).to.equal(
        "the schedules were not updated to storefront v2: the update began 36 minutes ago, and a later one may have " +
          "followed: start the pipeline again",
      );
      expect(updates.world.rules).to.deep.equal({});
    });

    it("without schedules, after a later one, leaves that one's", async () => {
      updates.world.label(file());
      const { state } = await updates.deliver("job-1");
      updates.world.label(file("nightly"));
      await updates.deliver("job-2");
      updates.world.label(file());
      await refusal(updates.second(state));
      expect(Object.values(updates.world.summary())).to.deep.equal([runs("nightly", 2)]);
    });

    it("does not stumble over a rule that another invocation removes meanwhile", async () => {
      updates.world.label(file("nightly", "ping"));
      await updates.deliver("job-1");
      const { ListTargetsByRule } = updates.endpoint.answers;
      updates.endpoint.answers.ListTargetsByRule = (input) => {
        delete updates.world.rules["dev-storefront--ping"];
        return ListTargetsByRule?.(input) ?? {};
      };
      updates.world.label(file("nightly"));
      expect((await updates.deliver("job-2")).summary).to.equal(
        "storefront v2, 1 schedule: 0 created, 0 changed, 0 repaired, 0 removed, 1 unchanged",
      );
    });

    it("goes on where it stopped", async () => {
      updates.world.label(file("nightly", "ping"));
      const state = await updates.stateOf(updates.first("job-1"));
      const { PutTargets } = updates.endpoint.answers;
      updates.endpoint.answers.PutTargets = () => {
        throw awsFault("InternalException", "try later", 500);
      };
      expect(await updates.second(state)).to.deep.equal({
        kind: "underWay",
        state,
        summary: "trying again: InternalException: try later",
      });
      updates.endpoint.answers.PutTargets = PutTargets as () => object;
      expect((await updates.second(state)).summary).to.equal(
        "storefront v2, 2 schedules: 1 created, 0 changed, 1 repaired, 0 removed, 0 unchanged",
      );
    });
  });

  it("gives its rules the revision by its whole name", async () => {
    updates.world.label(file("nightly"));
    await updates.deliver("job-1");
    const [target] = updates.world.rules["dev-storefront--nightly"]?.targets ?? [];
    expect(target?.EcsParameters?.TaskDefinitionArn).to.equal(arnOf(2));
  });
});
