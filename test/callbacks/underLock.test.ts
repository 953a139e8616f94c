import { expect } from "chai";
import { createSchedules } from "../../handlers/schedules";
import { createTag } from "../../handlers/tag";
import { serialize } from "../../infra/lambda/serialization";
import { DIGEST, IMAGE } from "../handlers/deploy/ecs";
import { createSchedulesWorld, options, type SchedulesWorld } from "../handlers/schedules/world";
import { type Endpoint, startEndpoint } from "./endpoint";
import { JOB, jobOf } from "./job";
import { type Lambda, startLambda } from "./lambda";
import { DELIVERED_IMAGES, startTable, TABLE, type Table } from "./table";

const EXECUTION = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const LOCK = "application/storefront";
const FILE = "timeZone: UTC\nschedules:\n  - { name: ping, rate: 5 minutes, command: [node, ping.js] }\n";
const lock = { application: "storefront", table: TABLE };
const until = () => Math.floor(Date.now() / 1_000) + 600;

describe("schedules and tag callbacks under a delivery's lock, serialised", () => {
  let endpoint: Endpoint;
  let table: Table;
  let schedules: Lambda;
  let tag: Lambda;
  let world: SchedulesWorld;
  let tagged: string[];

  before(async function () {
    this.timeout(60_000);
    endpoint = await startEndpoint();
    table = await startTable();
    endpoint.elsewhere.DynamoDB = table.url;
    const common = { endpointUrl: endpoint.url };
    schedules = startLambda({
      text: await serialize(createSchedules),
      options: { ...options, lock },
      packages: ["yaml"],
      ...common,
    });
    tag = startLambda({
      text: await serialize(createTag),
      options: { repository: "storefront", tag: "dev", deliveredImages: DELIVERED_IMAGES, lock },
      ...common,
    });
  });
  beforeEach(async () => {
    await table.clear();
    endpoint.requests = [];
    endpoint.answers = { PutJobSuccessResult: () => ({}), PutJobFailureResult: () => ({}) };
    world = createSchedulesWorld(endpoint);
    world.label(FILE);
    tagged = [];
    endpoint.answers.PutImage = ({ imageDigest }) => {
      tagged.push(String(imageDigest));
      return {};
    };
  });
  after(async () => {
    await schedules.close();
    await tag.close();
    await endpoint.close();
    await table.close();
  });

  /** One job. @returns how CodePipeline was answered */
  async function run(lambda: Lambda, parameters: object): Promise<Record<string, unknown>> {
    const { error } = await lambda.invoke(jobOf(parameters));
    expect(error).to.equal(undefined);
    const [result] = endpoint.requests.filter(({ operation }) => operation.startsWith("PutJob")).slice(-1);
    expect(result?.input.jobId).to.equal(JOB);
    return { operation: result?.operation, ...result?.input };
  }
  const runSchedules = () => run(schedules, { image: IMAGE, version: "v2", execution: EXECUTION });
  const runTag = () => {
    const { BatchGetImage } = endpoint.answers;
    endpoint.answers.BatchGetImage = ({ imageIds }) => {
      const [{ imageDigest = "sha256:old" } = {}] = imageIds as { imageDigest?: string }[];
      return { images: [{ imageId: { imageDigest }, imageManifest: "{}" }], failures: [] };
    };
    const result = run(tag, { image: IMAGE, version: "v2", execution: EXECUTION });
    return result.finally(() => Object.assign(endpoint.answers, { BatchGetImage }));
  };

  it("take one job each, and Tag gives the lock back", async () => {
    await table.write({ id: LOCK, owner: EXECUTION, by: "execution", version: "v2", until: until() });
    expect(await runSchedules()).to.deep.include({ operation: "PutJobSuccessResult" });
    expect(Object.keys(world.rules)).to.deep.equal(["dev-storefront--ping"]);
    expect(Number((await table.read(LOCK))?.until)).to.be.above(0);
    const result = await runTag();
    expect(result).to.deep.include({ operation: "PutJobSuccessResult" });
    expect(result).not.to.have.property("continuationToken");
    expect(tagged).to.deep.equal([DIGEST]);
    expect(await table.deliveredVersion(`storefront@${DIGEST}`)).to.equal("v2");
    expect(await table.latestDelivered("storefront")).to.equal(DIGEST);
    expect((await table.read(LOCK))?.until).to.equal(0);
  });

  for (const [what, held] of [
    ["is held", true],
    ["is taken again, because the stage is retried", false],
  ] as const)
    it(`Tag reports its result before it releases a lock that ${what}: its repeated job would fail a delivery that was made`, async () => {
      await table.write({ id: LOCK, owner: EXECUTION, by: "execution", version: "v2", until: held ? until() : 0 });
      let heldUntil: unknown;
      endpoint.answers.PutJobSuccessResult = async () => {
        heldUntil = (await table.read(LOCK))?.until;
        return {};
      };
      await runTag();
      expect(Number(heldUntil)).to.be.above(0);
      expect((await table.read(LOCK))?.until).to.equal(0);
    });

  it("change nothing once another version was deployed by HTTP", async () => {
    await table.write({ id: LOCK, owner: "request-1", by: "deployment", version: "v3", until: 0 });
    expect(await runSchedules()).to.deep.include({ operation: "PutJobFailureResult" });
    expect(world.rules).to.deep.equal({});
    expect((await runTag()).failureDetails).to.deep.equal({
      type: "JobFailed",
      message:
        "another deploy of storefront has happened since (version v3 by deployment request request-1); nothing was changed: start the " +
        "pipeline again for the version that should run",
    });
    expect(tagged).to.deep.equal([]);
    expect(await table.deliveredVersion(`storefront@${DIGEST}`)).to.equal(undefined);
  });

  it("do not record an image as the latest when Tag is repeated after a newer delivery", async () => {
    await table.write({ id: LOCK, owner: EXECUTION, by: "execution", version: "v2", until: until() });
    await runTag();
    await table.write({ id: LOCK, owner: "newer", by: "execution", version: "v3", until: until() });
    await table.clearDelivered();
    endpoint.answers.BatchGetImage = () => ({
      images: [{ imageId: { imageDigest: DIGEST }, imageManifest: "{}" }],
      failures: [],
    });
    expect((await run(tag, { image: IMAGE, version: "v2", execution: EXECUTION })).operation).to.equal(
      "PutJobFailureResult",
    );
    expect(await table.latestDelivered("storefront")).to.equal(undefined);
  });
});
