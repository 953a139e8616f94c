import { expect } from "chai";
import { createMigrate } from "../../handlers/migrate";
import { serialize } from "../../infra/serialization";
import { IMAGE } from "../handlers/ecs";
import { createTasks, FAMILY, options, type Tasks } from "../handlers/migrationTasks";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { failure, runOnce, success } from "./job";
import { type Lambda, startLambda } from "./lambda";

const parameters = { image: IMAGE, version: "v2", execution: "22222222-3333-4444-5555-666666666666" };

describe("migrate callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let world: Tasks;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createMigrate);
    endpoint = await startEndpoint();
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
  });
  beforeEach(() => {
    endpoint.requests = [];
    endpoint.answers = { PutJobSuccessResult: () => ({}), PutJobFailureResult: () => ({}) };
    world = createTasks(endpoint);
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  const run = (token?: string, asked: object = parameters) => runOnce(endpoint, lambda, asked, token);

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  it("migrates, token by token", async () => {
    const registered = await run();
    expect(registered.told).to.deep.equal(success(`registered ${FAMILY}:2 for the migration of storefront v2`));
    const started = await run(registered.token);
    expect(started.told).to.deep.equal(success(`task task1 runs ${FAMILY}:2`));
    const waiting = await run(started.token);
    expect(waiting).to.deep.equal({ told: success("task task1: PROVISIONING"), token: started.token });
    world.exit("task1", 0);
    expect(await run(waiting.token)).to.deep.equal({
      told: success("storefront v2 is migrated: task task1 exited with 0"),
      token: undefined,
    });
  });

  it("fails with exit code, stop code and the log's end", async () => {
    const { token } = await run((await run()).token);
    world.exit("task1", 3);
    world.logs["task/app/task1"] = ["migrating\n", "table orders is locked\n"];
    const message =
      "storefront v2 was not migrated. Task task1: container app exited with 3; EssentialContainerExited: Essential " +
      "container in task exited. The end of its log /ecs/storefront task/app/task1:\nmigrating\ntable orders is locked";
    expect(await run(token)).to.deep.equal({ told: failure("JobFailed", message), token: undefined });
  });

  it("runs nothing if its first job was settled by another invocation", async () => {
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("InvalidJobStateException", "the job is Succeeded");
    };
    await run();
    expect(world.tasks).to.deep.equal({});
  });

  it("asks again while ECS is out of reach, or denies one look, and abandons no running migration", async () => {
    const registered = await run();
    const { RunTask } = endpoint.answers;
    const down = () => {
      throw awsFault("ServerException", "Service is down", 503);
    };
    const again = success("asking again: ServerException: Service is down");
    Object.assign(endpoint.answers, { RunTask: down, DescribeTasks: down });
    expect(await run(registered.token)).to.deep.equal({ told: again, token: registered.token });
    endpoint.answers.RunTask = RunTask as () => object;
    const { token } = await run(registered.token);
    expect(await run(token)).to.deep.equal({ told: again, token });
    endpoint.answers.DescribeTasks = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:DescribeTasks");
    };
    const denied = "asking again: AccessDeniedException: not authorized to perform: ecs:DescribeTasks";
    expect(await run(token)).to.deep.equal({ told: success(denied), token });
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
      expect((await run(undefined, asked)).told).to.deep.equal(failure("ConfigurationError", message));
      expect(world.tasks).to.deep.equal({});
    });
  }

  it("fails for a token that is not its own", async () => {
    expect((await run("arn:aws:ecs:task/1")).told).to.deep.equal(
      failure("ConfigurationError", "the continuation token is not of this function: arn:aws:ecs:task/1"),
    );
  });
});
