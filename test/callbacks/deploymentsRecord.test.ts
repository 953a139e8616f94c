import { expect } from "chai";
import { ID, IMAGE, LOCK, seconds, useDeployments, wanted } from "./deploymentsSupport";
import { denied } from "./httpApi";

describe("deployments callback, serialised: GET /deployments/{id}", () => {
  const world = useDeployments();

  const record = {
    id: ID,
    ...wanted,
    image: IMAGE,
    requestedAt: "2026-01-05T10:00:00.000Z",
    updatedAt: "2026-01-05T10:01:00.000Z",
  };
  const kept = { ...record, round: 3, token: '{"phase":"rollout"}', expires: 4_000_000_000 };

  it("tells how a deployment stands, and nothing of its insides", async () => {
    await world.table.write({ ...kept, state: "inProgress", summary: "rolling out web:2", until: seconds() + 60 });
    const { status, told } = await world.get(ID);
    expect({ status, told }).to.deep.equal({
      status: 200,
      told: { ...record, state: "inProgress", summary: "rolling out web:2" },
    });
  });

  it("tells why a deployment failed", async () => {
    await world.table.write({
      ...kept,
      state: "failed",
      cause: "storefront v2 was not deployed.",
      until: 1_767_611_700,
    });
    const { status, told } = await world.get(ID);
    expect({ status, told }).to.deep.equal({
      status: 200,
      told: { ...record, state: "failed", cause: "storefront v2 was not deployed." },
    });
  });

  it("tells that a deployment failed that nobody has ended in its time", async () => {
    await world.table.write({ ...kept, state: "inProgress", summary: "rolling out web:2", until: 1_767_611_700 });
    const { told } = await world.get(ID);
    expect(told).to.deep.equal({
      ...record,
      state: "failed",
      summary: "rolling out web:2",
      cause:
        "the deploy had not ended by 2026-01-05T11:15:00.000Z, when its lock expired: " +
        "check the services of storefront and the log of its deploy function",
    });
  });

  for (const id of [ID, "v2", LOCK, ""]) {
    it(`answers 404 to the id ${JSON.stringify(id)}`, async () => {
      await world.table.write({ id: LOCK, owner: ID, by: "execution", version: "v1", until: seconds() + 60 });
      const { status, told } = await world.get(id);
      expect({ status, told }).to.deep.equal({
        status: 404,
        told: { reason: "there is no deployment request with this id: records are kept for 90 days", field: "id" },
      });
    });
  }

  it("answers 503 if the record cannot be read", async () => {
    world.endpoint.answers.GetItem = denied("dynamodb:GetItem");
    const { status, told } = await world.get(ID);
    expect({ status, told }).to.deep.equal({
      status: 503,
      told: { reason: "the record of the deployment request cannot be read: try again" },
    });
  });

  it("tells a deployment to nobody without the token", async () => {
    await world.table.write({ ...kept, state: "succeeded", until: seconds() + 60 });
    const { status } = await world.call("GET /deployments/{id}", { id: ID, authorization: "Bearer guess" });
    expect(status).to.equal(401);
  });

  it("answers 404 to any other route", async () => {
    const { status, told } = await world.call("$default", {});
    expect({ status, told }).to.deep.equal({
      status: 404,
      told: { reason: "no such route: use POST /deployments or GET /deployments/{id}" },
    });
  });
});
