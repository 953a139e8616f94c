import { expect } from "chai";
import { denied, TOKEN } from "./httpApi";
import { ID, SECRET_ARN, taskArn, usePullRequests } from "./pullRequestsSupport";

const UNKNOWN = "there is no pull request with this id: records are kept for 90 days";
const BEGINNING = Date.parse("2026-01-05T10:00:00.000Z");

describe("pull requests callback, serialised: records", () => {
  const world = usePullRequests();

  /** An opened pull request of the storefront, asked for some minutes after ten. */
  const recordOf = (minutes: number, changes: object = {}) => {
    const requestedAt = new Date(BEGINNING + minutes * 60_000).toISOString();
    return {
      id: minutes.toString(16).padStart(32, "0"),
      service: "storefront",
      environment: "dev",
      revision: minutes.toString(16).padStart(40, "0"),
      image: `storefront:v${minutes}`,
      repository: "acme/storefront",
      state: "opened",
      requestedAt,
      updatedAt: requestedAt,
      url: `https://github.com/acme/gitops/pull/${minutes}`,
      task: taskArn(minutes),
      build: `https://ci.acme.example/${minutes}`,
      ...changes,
    };
  };
  const write = (record: object) =>
    world.table.write({
      id: "",
      attempt: "11111111-2222-4333-8444-555555555555",
      list: "all",
      expires: 4_000_000_000,
      actor: "octocat",
      ...record,
    });

  it("tells how a pull request stands, and nothing of its insides", async () => {
    await write(recordOf(1));
    const { status, told } = await world.get(recordOf(1).id);
    expect({ status, told }).to.deep.equal({ status: 200, told: recordOf(1) });
  });

  for (const id of [ID, "v2", ID.toUpperCase(), `${ID}0`, ""]) {
    it(`answers 404 to the id ${JSON.stringify(id)}, asked for or deleted`, async () => {
      await write(recordOf(1));
      for (const { status, told } of [await world.get(id), await world.remove(id)]) {
        expect({ status, told }).to.deep.equal({ status: 404, told: { reason: UNKNOWN, field: "id" } });
      }
      expect(await world.table.ids()).to.deep.equal([recordOf(1).id, "tasks"]);
    });
  }

  it("lists them newest first, in pages", async () => {
    for (let minutes = 1; minutes <= 5; minutes += 1) {
      await write(recordOf(minutes));
    }
    const first = await world.list({ limit: "3" });
    expect(first.status).to.equal(200);
    expect(first.told.pullRequests).to.deep.equal([recordOf(5), recordOf(4), recordOf(3)]);
    const second = await world.list({ limit: "3", next: String(first.told.next) });
    expect(second.told).to.deep.equal({ pullRequests: [recordOf(2), recordOf(1)] });
    expect((await world.list()).told).to.deep.equal({ pullRequests: [5, 4, 3, 2, 1].map((each) => recordOf(each)) });
  });

  it("lists twenty unless more are asked for", async () => {
    for (let minutes = 1; minutes <= 21; minutes += 1) {
      await write(recordOf(minutes));
    }
    expect((await world.list()).told.pullRequests).to.have.length(20);
    expect((await world.list({ limit: "100" })).told.pullRequests).to.have.length(21);
  });

  it("lists those of a service, of a state, and of both", async () => {
    const basket = recordOf(3, { service: "basket" });
    const failed = recordOf(2, { state: "failed", cause: "died", url: "https://before.example" });
    const both = recordOf(1, { service: "basket", state: "failed", cause: "died" });
    for (const each of [recordOf(4), basket, failed, both]) {
      await write(each);
    }
    expect((await world.list({ service: "basket" })).told).to.deep.equal({ pullRequests: [basket, both] });
    expect((await world.list({ state: "failed" })).told).to.deep.equal({ pullRequests: [failed, both] });
    expect((await world.list({ service: "basket", state: "failed" })).told).to.deep.equal({ pullRequests: [both] });
    const indexes = world.endpoint.requests.map(({ input }) => input.IndexName).filter((name) => name !== undefined);
    expect(indexes).to.deep.equal(["service", "newest", "service"]);
  });

  it("lists nothing where there is nothing", async () => {
    expect((await world.list()).told).to.deep.equal({ pullRequests: [] });
  });

  it("takes the token in the query of a list", async () => {
    const { status } = await world.call("GET /pullrequests", { authorization: undefined, query: { token: TOKEN } });
    expect(status).to.equal(200);
  });

  const mistakes: [Record<string, string>, string, string][] = [
    [{ page: "2" }, "page", "unknown query parameter; allowed: service, state, limit, next"],
    [{ state: "open" }, "state", "state is malformed, expected one of requested, running, opened, unchanged, failed"],
    [{ limit: "0" }, "limit", "limit is malformed, expected a number from 1 to 100"],
  ];
  for (const [query, field, reason] of mistakes) {
    it(`answers 400 to the query ${JSON.stringify(query)}`, async () => {
      const { status, told } = await world.list(query);
      expect({ status, told }).to.deep.equal({ status: 400, told: { reason, field } });
      expect(world.operations()).to.deep.equal([]);
    });
  }

  for (const state of ["opened", "unchanged", "failed"]) {
    it(`deletes one that is ${state}`, async () => {
      await write(recordOf(1, { state }));
      const { status, told, logged } = await world.remove(recordOf(1).id);
      expect({ status, told }).to.deep.equal({ status: 204, told: {} });
      expect(logged).to.deep.equal([{ level: "info", message: "pull request's record deleted", id: recordOf(1).id }]);
      expect(await world.table.ids()).to.deep.equal(["tasks"]);
    });
  }

  for (const state of ["requested", "running"]) {
    it(`answers 409 to the deletion of one that is ${state}, for an hour`, async () => {
      const updatedAt = new Date().toISOString();
      await write(recordOf(1, { state, updatedAt }));
      const { status, told } = await world.remove(recordOf(1).id);
      const reason = `it has been ${state} since ${updatedAt}: delete it when it has ended, or in an hour`;
      expect({ status, told }).to.deep.equal({ status: 409, told: { reason, state } });
      expect(await world.table.ids()).to.deep.equal([recordOf(1).id, "tasks"]);
      await write(recordOf(1, { state, updatedAt: new Date(Date.now() - 3_601_000).toISOString() }));
      expect((await world.remove(recordOf(1).id)).status).to.equal(204);
    });
  }

  for (const state of ["requested", "running"]) {
    it(`tells that one has failed of which nothing was heard for an hour while it was ${state}, and records it`, async () => {
      const silent = new Date(Date.now() - 3_600_000).toISOString();
      const { id, url, ...rest } = recordOf(1, { state, updatedAt: silent });
      await write({ id, ...rest });
      const { pullRequests } = (await world.list()).told as { pullRequests: { updatedAt: string }[] };
      const expected = { id, ...rest, state: "failed", cause: `its task has reported nothing since ${silent}` };
      const updatedAt = (await world.table.read(id))?.updatedAt;
      expect(pullRequests).to.deep.equal([{ ...expected, updatedAt }]);
      expect((await world.get(id)).told).to.deep.equal({ ...expected, updatedAt });
      expect((await world.list({ state: "failed" })).told).to.deep.equal({ pullRequests });
    });
  }

  it("lists nothing of another state than it was asked for, though one has just failed", async () => {
    await write(recordOf(1, { state: "running", updatedAt: new Date(Date.now() - 3_600_000).toISOString() }));
    expect((await world.list({ state: "running" })).told).to.deep.equal({ pullRequests: [] });
  });

  it("lists the others beside an item that is no record, and logs why that is missing", async () => {
    await write(recordOf(1));
    const { service: _service, ...rest } = recordOf(2);
    await write(rest);
    const { told, logged } = await world.list();
    expect(told).to.deep.equal({ pullRequests: [recordOf(1)] });
    const cause = `item ${rest.id} is not a pull request record: it has no service`;
    expect(logged).to.deep.equal([{ level: "error", message: "item left out of the list", cause }]);
  });

  const outages: [string, string, () => Promise<{ status: number; told: object }>, string][] = [
    ["GetItem", "the record", () => world.get(ID), "the record cannot be read: try again"],
    ["Query", "the list", () => world.list(), "the records cannot be read: try again"],
    ["DeleteItem", "the deletion", () => world.remove(ID), "the record cannot be deleted: try again"],
  ];
  for (const [operation, what, call, reason] of outages) {
    it(`answers 503 for ${what} without dynamodb:${operation}`, async () => {
      world.endpoint.answers[operation] = denied(`dynamodb:${operation}`);
      const { status, told } = await call();
      expect({ status, told }).to.deep.equal({ status: 503, told: { reason } });
    });
  }

  it("tells and deletes nothing without the token", async () => {
    await write(recordOf(1));
    const { id } = recordOf(1);
    for (const route of ["GET /pullrequests", "GET /pullrequests/{id}", "DELETE /pullrequests/{id}"]) {
      const { status, told } = await world.call(route, { id, authorization: "Bearer guess" });
      expect({ status, told }).to.deep.equal({ status: 401, told: { reason: "the bearer token is not valid" } });
    }
    expect(await world.table.ids()).to.deep.equal([id, "tasks"]);
    expect(world.endpoint.requests.map(({ input }) => input)).to.deep.equal(
      world.endpoint.requests.map(() => ({ SecretId: SECRET_ARN })),
    );
  });
});
