import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { createMigrate } from "../../handlers/migrate";
import { serialize } from "../../infra/lambda/serialization";
import { IMAGE } from "../handlers/deploy/ecs";
import { createTasks, options, type Tasks } from "../handlers/migrate/tasks";
import { type Endpoint, startEndpoint } from "./endpoint";
import { failure, jobOf, success } from "./job";
import { type Lambda, startLambda } from "./lambda";
import { answerRecords, messageOf } from "./records";
import { startTable, type Table } from "./table";

const parameters = { image: IMAGE, version: "v2", execution: "22222222-3333-4444-5555-666666666666" };

describe("migrate callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let world: Tasks;
  let table: Table;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createMigrate);
    endpoint = await startEndpoint();
    table = await startTable();
    endpoint.elsewhere.DynamoDB = table.url;
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  });
  beforeEach(async () => {
    endpoint.requests = [];
    endpoint.answers = answerRecords();
    world = createTasks(endpoint);
    await table.clear();
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
    await table.close();
  });

  async function invoke(event: unknown) {
    const { error } = await lambda.invoke(event);
    expect(error).to.equal(undefined);
  }
  const stopped = () =>
    invoke({
      "detail-type": "ECS Task State Change",
      detail: { ...world.tasks.task1, startedBy: parameters.execution },
    });
  const results = () =>
    endpoint.requests.filter((it) => it.operation.startsWith("PutJob")).map((it) => [it.operation, it.input]);

  it("fits the archive's limit", () => {
    expect(deflateRawSync(text).length).to.be.below(64 * 1024);
  });

  it("migrates for one job, which the task's event ends", async () => {
    await invoke(jobOf(parameters));
    expect(Object.keys(world.tasks)).to.deep.equal(["task1"]);
    expect(results()).to.deep.equal([]);
    world.exit("task1", 0);
    await stopped();
    await stopped();
    expect(results()).to.deep.equal([success("storefront v2 is migrated: task task1 exited with 0")]);
  });

  it("fails with exit code, stop code and the log's end, though the event is lost", async () => {
    await invoke(jobOf(parameters));
    world.exit("task1", 3);
    world.logs["task/app/task1"] = ["migrating\n", "table orders is locked\n"];
    await invoke(messageOf(`migrate/${parameters.execution}`));
    const message =
      "storefront v2 was not migrated. Task task1: container app exited with 3; EssentialContainerExited: Essential " +
      "container in task exited. The end of its log /ecs/storefront task/app/task1:\nmigrating\ntable orders is locked";
    expect(results()).to.deep.equal([failure("JobFailed", message)]);
  });

  const mistakes: [string, object, string][] = [
    [
      "an image by tag",
      { ...parameters, image: "storefront:v2" },
      'UserParameters: image is "storefront:v2", expected an ECR image by digest: registry/repository@sha256:…',
    ],
    [
      "no version",
      { ...parameters, version: undefined },
      "UserParameters: version is missing, expected an image tag: at most 128 letters, digits, . _ -",
    ],
    [
      "no execution",
      { ...parameters, execution: "" },
      'UserParameters: execution is "", expected the id of the pipeline\'s execution',
    ],
  ];
  for (const [what, asked, message] of mistakes) {
    it(`fails for ${what}`, async () => {
      await invoke(jobOf(asked));
      expect(results()).to.deep.equal([failure("ConfigurationError", message)]);
      expect(world.tasks).to.deep.equal({});
    });
  }
});
