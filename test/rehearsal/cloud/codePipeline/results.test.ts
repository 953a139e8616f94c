import { ListActionExecutionsCommand, ListPipelineExecutionsCommand } from "@aws-sdk/client-codepipeline";
import { expect } from "chai";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { namedRefusal } from "../../../refusal";
import { aws, createPipelineCloud, invoke, type PipelineCloud, source, stage } from "./support";

const minute = 60_000;

describe("every action of a pipeline", () => {
  let account: PipelineCloud;

  beforeEach(async () => {
    account = await createPipelineCloud();
  });

  afterEach(() => account.close());

  /** How each action of an execution ended, as often as it did. */
  const ends = (executionId: string) =>
    account.cloud.events.flatMap((it) =>
      it.kind === "action" && it.executionId === executionId && it.status !== "InProgress"
        ? [`${it.action} ${it.status}`]
        : [],
    );

  /** What became of the results that functions sent. */
  const results = () =>
    account.cloud.events
      .filter((it): it is CloudEvent & { kind: "job-result" } => it.kind === "job-result")
      .map((it) => `${it.action} ${it.result} ${it.refused ?? "accepted"}`);

  it("ends once, however often its function reports", async () => {
    await account.declare([
      stage("Source", source),
      stage("Deploy", invoke("One"), invoke("Two")),
      stage("Tag", invoke("Tag")),
    ]);
    const id = await account.start();
    const [one, two] = [await account.inbox.next(), await account.inbox.next()];
    await account.succeed(one);
    await namedRefusal(account.succeed(one));
    await namedRefusal(account.fail(one, "late"));
    await account.succeed(two, { continuationToken: "again" });
    // The invocation of before, repeated.
    await namedRefusal(account.succeed(two));
    await account.cloud.clock.turn(30_000);
    const continued = await account.inbox.next();
    await account.succeed(continued);
    await account.fail(await account.inbox.next(), "no");
    await account.finished(id);
    await namedRefusal(account.succeed(continued));
    expect(ends(id)).to.deep.equal(["Source Succeeded", "One Succeeded", "Two Succeeded", "Tag Failed"]);
    expect(results()).to.deep.equal([
      "One succeeded accepted",
      "One succeeded InvalidJobStateException",
      "One failed InvalidJobStateException",
      "Two succeeded InvalidJobStateException",
      "Two succeeded accepted",
      "Tag failed accepted",
      "Two succeeded InvalidJobStateException",
    ]);
  });

  it("ends once where it ends by time, and takes no result after that", async () => {
    await account.declare();
    const id = await account.start();
    const job = await account.inbox.next();
    await account.cloud.clock.turn(20 * minute);
    await account.finished(id);
    await namedRefusal(account.succeed(job, { executionDetails: { summary: "done after all" } }));
    await account.cloud.clock.turn(24 * 60 * minute);
    expect(ends(id)).to.deep.equal(["Source Succeeded", "Deploy Failed"]);
    expect(results()).to.deep.equal(["Deploy succeeded InvalidJobStateException"]);
  });

  it("refuses a result that is too long, and takes the next", async () => {
    await account.declare();
    const id = await account.start();
    const job = await account.inbox.next();
    await namedRefusal(account.fail(job, "m".repeat(5001)));
    await account.fail(job, "m".repeat(5000));
    await account.finished(id);
    expect(ends(id)).to.deep.equal(["Source Succeeded", "Deploy Failed"]);
    expect(results()).to.deep.equal(["Deploy failed accepted"]);
  });

  it("that is decided by somebody ends once", async () => {
    await account.declare([
      stage("Source", source),
      stage("Release", { ...aws("Approval", "Manual"), name: "Approve" }),
    ]);
    const id = await account.start();
    await account.action(id, "Approve");
    await account.decide("Release", "Approve", "Rejected", "no");
    await account.cloud.clock.turn(8 * 24 * 60 * minute);
    expect(ends(id)).to.deep.equal(["Source Succeeded", "Approve Failed"]);
    expect(results()).to.deep.equal([]);
  });

  describe("is listed", () => {
    const pipelineName = "storefront";

    async function deliverTwice(): Promise<[string, string]> {
      await account.declare();
      const ids: string[] = [];
      for (const message of ["first", "second"]) {
        const id = await account.start();
        await account.fail(await account.inbox.next(), message);
        await account.finished(id);
        ids.push(id);
      }
      return ids as [string, string];
    }

    const list = async (input: object) => {
      const answer = await account.client.send(new ListActionExecutionsCommand({ pipelineName, ...input }));
      const names = answer.actionExecutionDetails?.map((it) => `${it.pipelineExecutionId} ${it.actionName}`);
      return { names, nextToken: answer.nextToken };
    };

    it("with the newest first, page by page, whatever comes meanwhile", async () => {
      const [first, second] = await deliverTwice();
      const page = await list({ maxResults: 3 });
      expect(page.names).to.deep.equal([`${second} Deploy`, `${second} Source`, `${first} Deploy`]);
      await account.start();
      await account.inbox.next();
      const { names, nextToken } = await list({ maxResults: 3, nextToken: page.nextToken });
      expect({ names, nextToken }).to.deep.equal({ names: [`${first} Source`], nextToken: undefined });
    });

    it("for one execution, with what it failed of", async () => {
      const [first] = await deliverTwice();
      const filter = { pipelineExecutionId: first };
      expect((await list({ filter })).names).to.deep.equal([`${first} Deploy`, `${first} Source`]);
      const [, deployed] = await account.actions(first);
      expect(deployed?.output?.executionResult).to.deep.equal({
        externalExecutionSummary: "first",
        errorDetails: { code: "ConfigurationError", message: "first" },
      });
    });

    it("as its execution is, page by page", async () => {
      const [first, second] = await deliverTwice();
      const ask = (input: object) =>
        account.client.send(new ListPipelineExecutionsCommand({ pipelineName, maxResults: 1, ...input }));
      const { pipelineExecutionSummaries, nextToken } = await ask({});
      expect(pipelineExecutionSummaries?.map((it) => [it.pipelineExecutionId, it.status])).to.deep.equal([
        [second, "Failed"],
      ]);
      const rest = await ask({ nextToken });
      expect(rest.pipelineExecutionSummaries?.map((it) => it.pipelineExecutionId)).to.deep.equal([first]);
      expect(rest.nextToken).to.equal(undefined);
    });

    const UUID = "11111111-1111-1111-1111-111111111111";
    const refused: [string, object, string][] = [
      [
        "0 a page",
        { maxResults: 0 },
        "'0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
      ],
      [
        "101 a page",
        { maxResults: 101 },
        "'101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100",
      ],
      ["with a token of nobody", { nextToken: "x" }, "InvalidNextTokenException: The next token is of no page"],
      [
        "by a filter that is not simulated",
        { filter: { latestInPipelineExecution: { pipelineExecutionId: UUID, startTimeRange: "Latest" } } },
        "NotSimulated: codepipeline:ListActionExecutions: of filter, latestInPipelineExecution is not simulated.",
      ],
    ];
    for (const [what, input, why] of refused)
      it(`not ${what}`, async () => {
        await account.declare();
        expect(await namedRefusal(list(input))).to.include(why);
      });
  });
});
