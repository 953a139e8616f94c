import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import { usePullRequests, wanted } from "./pullRequestsSupport";
import { PULL_REQUESTS } from "./pullRequestTable";

const MINUTE = 60_000;

describe("pull requests callback, serialised: 300 invented services started 300 tasks", () => {
  const world = usePullRequests();

  /** As a task leaves it that has looked so long ago. */
  const noteOverlays = (names: string, age: number) =>
    world.table.dynamo.send(
      new PutItemCommand({
        TableName: PULL_REQUESTS,
        Item: { id: { S: "overlays" }, names: { S: names }, lookedAt: { N: String(Date.now() - age) } },
      }),
    );

  it("now starts none: the overlay is missing, and the answer says when to ask again", async () => {
    await noteOverlays("storefront/prod\nbackoffice/dev", 10_000);
    const { status, told, headers } = await world.post();
    expect({ status, field: told.field }).to.deep.equal({ status: 404, field: "environment" });
    expect(told.reason).to.match(
      /^the gitops repository had no kustomize\/storefront\/overlays\/dev\/kustomization\.yaml at 20\S+Z: add it, then try again in [45]\d seconds$/,
    );
    expect(Number(headers["retry-after"])).to.be.within(40, 50);
    const invented = Array.from({ length: 300 }, (_, index) => ({ ...wanted, repository: `acme/invented-${index}` }));
    for (const body of invented) expect((await world.post({ body })).status).to.equal(404);
    expect(world.operations().filter((it) => it !== "GetItem")).to.deep.equal([]);
  });

  const started: [string, () => Promise<unknown>][] = [
    ["is in the list", () => noteOverlays("storefront/dev", 10_000)],
    ["is not in a list of a minute ago: it may have been added", () => noteOverlays("storefront/prod", MINUTE)],
    ["is unknown, because no task has looked yet", async () => undefined],
  ];
  for (const [what, note] of started)
    it(`starts a task where the overlay ${what}`, async () => {
      await note();
      expect((await world.post()).status).to.equal(202);
      expect(world.tasks.size).to.equal(1);
    });

  it("answers with the record that there is, though the overlay is gone", async () => {
    await world.post();
    await noteOverlays("storefront/prod", 10_000);
    expect((await world.post()).status).to.equal(200);
  });
});
