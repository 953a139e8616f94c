import { expect } from "chai";
import type { Told } from "./httpApi";
import type { Lambda } from "./lambda";
import { ID, taskArn, usePullRequests } from "./pullRequestsSupport";

const PROCESSES = 5;
const POSTS = 50;

describe("pull requests callback, serialised: 50 identical posts at once", () => {
  const world = usePullRequests();
  let lambdas: Lambda[];

  before(() => {
    lambdas = Array.from({ length: PROCESSES }, () => world.start());
  });
  after(() => Promise.all(lambdas.map((lambda) => lambda.close())));

  /** Ten for each process. All have read the secret by then: what is left is the race. */
  const postAll = async (): Promise<Told[]> => {
    await Promise.all(lambdas.map((lambda) => world.call("GET /pullrequests", {}, lambda)));
    world.endpoint.requests = [];
    return Promise.all(Array.from({ length: POSTS }, (_, index) => world.post(undefined, lambdas[index % PROCESSES])));
  };
  const count = (operation: string) => world.operations().filter((each) => each === operation).length;
  const statuses = (told: Told[]) => told.map(({ status }) => status).sort();

  it("start one task, and make one record", async () => {
    const answers = await postAll();
    expect(statuses(answers)).to.deep.equal([...Array(POSTS - 1).fill(200), 202]);
    expect(new Set(answers.map(({ told }) => told.id))).to.deep.equal(new Set([ID]));
    // The SDK repeats a write that is not answered in time.
    expect(count("PutItem")).to.be.at.least(POSTS);
    expect({ starts: count("RunTask"), tasks: [...world.tasks.values()] }).to.deep.equal({
      starts: 1,
      tasks: [taskArn(1)],
    });
    const record = await world.table.read(ID);
    expect([...world.tasks.keys()]).to.deep.equal([record?.attempt]);
    expect(record?.task).to.equal(taskArn(1));
    expect(await world.table.ids()).to.deep.equal([ID, "tasks"]);
  });

  it("start one task anew, if the one before was refused", async () => {
    await world.post();
    const { task: _task, ...rest } = (await world.table.read(ID)) ?? {};
    await world.table.write({ ...rest, state: "failed", cause: "no such cluster", refused: "yes" });
    world.tasks.clear();
    const answers = await postAll();
    expect(statuses(answers)).to.deep.equal([...Array(POSTS - 1).fill(200), 202]);
    expect({ starts: count("RunTask"), tasks: world.tasks.size }).to.deep.equal({ starts: 1, tasks: 1 });
    expect([...world.tasks.keys()]).to.deep.equal([(await world.table.read(ID))?.attempt]);
  });

  it("start one task, however often they ask ECS for it, if whoever recorded it died", async () => {
    await world.post();
    const { task: _task, ...rest } = (await world.table.read(ID)) ?? {};
    await world.table.write({ ...rest, attempt: "of-the-dead", requestedAt: "2026-01-05T10:00:00.000Z" });
    world.tasks.clear();
    const answers = await postAll();
    expect(statuses(answers)).to.deep.equal(Array(POSTS).fill(200));
    expect(count("RunTask")).to.be.within(1, POSTS);
    expect([...world.tasks]).to.deep.equal([["of-the-dead", taskArn(1)]]);
    expect((await world.table.read(ID))?.task).to.equal(taskArn(1));
  });
});
