import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { createSchedules } from "../../handlers/schedules";
import { serialize } from "../../infra/lambda/serialization";
import { IMAGE } from "../handlers/deploy/ecs";
import { createSchedulesWorld, FAMILY, options, type SchedulesWorld } from "../handlers/schedules/world";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { failure, runOnce, success } from "./job";
import { type Lambda, startLambda } from "./lambda";

const FILE = `timeZone: UTC
schedules:
  - { name: nightly, cron: "0 3 ? * MON-FRI *", command: [node, report.js], cpu: 512, memory: 1024 }
  - { name: ping, rate: 5 minutes, command: [node, ping.js], enabled: false }
`;

describe("schedules callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let world: SchedulesWorld;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createSchedules);
    endpoint = await startEndpoint();
    lambda = startLambda({ text, options, endpointUrl: endpoint.url, packages: ["yaml"] });
  });
  beforeEach(() => {
    endpoint.requests = [];
    endpoint.answers = { PutJobSuccessResult: () => ({}), PutJobFailureResult: () => ({}) };
    world = createSchedulesWorld(endpoint);
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  const run = (token?: string, asked: object = { image: IMAGE, version: "v2" }) =>
    runOnce(endpoint, lambda, asked, token);

  it("fits the archive's limit", () => {
    expect(deflateRawSync(text).length).to.be.below(64 * 1024);
  });

  it("makes rules of the image's schedules, token by token", async () => {
    world.label(FILE);
    const { told, token } = await run();
    expect(told).to.deep.equal(success(`storefront v2: 2 schedules will run ${FAMILY}:2`));
    expect(await run(token)).to.deep.equal({
      told: success("storefront v2, 2 schedules: 2 created, 0 changed, 0 repaired, 0 removed, 0 unchanged"),
      token: undefined,
    });
    expect(world.summary()).to.deep.equal({
      "dev-storefront--nightly": "cron(0 3 ? * MON-FRI *), ENABLED, node report.js in 2",
      "dev-storefront--ping": "rate(5 minutes), DISABLED, node ping.js in 2",
    });
    expect((await run(token)).told).to.deep.equal(success("storefront v2: this schedules update has already finished"));
  });

  it("refuses a bad file whole, with every line", async () => {
    world.label(FILE.replace("0 3 ?", "0 33 ?").replace("5 minutes", "1 minutes"));
    const message = [
      "schedules.yaml was rejected, and no schedule of storefront was changed:",
      'schedules.yaml:3: schedules[0].cron "0 33 ? * MON-FRI *": hours 33: 33 is not valid; allowed: 0-23, and , - * /',
      'schedules.yaml:4: schedules[1].rate "1 minutes": write it as 1 minute',
    ].join("\n");
    expect(await run()).to.deep.equal({ told: failure("ConfigurationError", message), token: undefined });
    expect(world.rules).to.deep.equal({});
  });

  it("changes nothing if its first job was settled by another invocation", async () => {
    world.label(FILE);
    endpoint.answers.PutJobSuccessResult = () => {
      throw awsFault("InvalidJobStateException", "the job is Succeeded");
    };
    await run();
    expect(world.rules).to.deep.equal({});
  });

  it("fails with the denial that it met, and tries again what passes", async () => {
    world.label(FILE);
    const { token } = await run();
    endpoint.answers.PutRule = () => {
      throw awsFault("ConcurrentModificationException", "There is concurrent modification on a rule.");
    };
    expect(await run(token)).to.deep.equal({
      told: success("trying again: ConcurrentModificationException: There is concurrent modification on a rule."),
      token,
    });
    endpoint.answers.PutRule = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: events:PutRule");
    };
    const message =
      "the schedules of storefront v2 were not updated: create dev-storefront--nightly: AccessDeniedException: not authorized " +
      "to perform: events:PutRule. All rules were restored";
    expect((await run(token)).told).to.deep.equal(failure("PermissionError", message));
  });

  it("fails for an image by tag", async () => {
    const message =
      'UserParameters: image is "storefront:v2", expected an ECR image by digest: registry/repository@sha256:…';
    expect((await run(undefined, { image: "storefront:v2", version: "v2" })).told).to.deep.equal(
      failure("ConfigurationError", message),
    );
  });

  it("fails for a token that is not its own", async () => {
    expect((await run("arn:aws:events:rule/1")).told).to.deep.equal(
      failure("ConfigurationError", "the continuation token does not belong to this function: arn:aws:events:rule/1"),
    );
  });
});
