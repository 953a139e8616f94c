import { expect } from "chai";
import { createPuller } from "../../../../rehearsal/cloud/ecs/pull";
import type { Cloud } from "../../../../rehearsal/cloud/service";
import { EXECUTION, type Shop } from "./support";
import { openTasks, type Tasks, writing } from "./taskSupport";

describe("ECS tasks: starting", () => {
  let tasks: Tasks;
  let shop: Shop;

  beforeEach(async () => {
    tasks = await openTasks();
    ({ shop } = tasks);
  });
  afterEach(() => shop.cloud.close());

  const grants: [action: string, reason: RegExp][] = [
    [
      "ecr:GetAuthorizationToken",
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*AccessDeniedException: /,
    ],
    [
      "ecr:BatchGetImage",
      /^CannotPullContainerError: pull image manifest has been retried 1 time\(s\): .*403 Forbidden: /,
    ],
    ["ecr:BatchCheckLayerAvailability", /^CannotPullContainerError: ref pull has been retried 1 time\(s\): /],
    ["ecr:GetDownloadUrlForLayer", /^CannotPullContainerError: ref pull has been retried 1 time\(s\): /],
    ["logs:CreateLogStream", /^ResourceInitializationError: failed to validate logger args: .*AccessDeniedException: /],
    [
      "secretsmanager:GetSecretValue",
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*unable to retrieve secret from asm: /,
    ],
  ];
  for (const [missing, reason] of grants)
    it(`do not start without ${missing}, and say why`, async () => {
      const { id } = await shop.cloud.declare("aws:secretsmanager/secret:Secret", "database", { name: "database" });
      await shop.cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", "database", {
        secretId: id,
        secretString: "x",
      });
      const secrets = { Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [id] };
      const statements = [...Object.values(EXECUTION), secrets].map((statement) => ({
        ...statement,
        Action: statement.Action.map((action) => (action === missing ? "ecr:TagResource" : action)),
      }));
      shop.executionRole = await shop.cloud.role("lacking", "ecs-tasks.amazonaws.com", statements);
      const image = await shop.push("v1", writing("1"));
      const taskDefinition = await shop.register(image, { secrets: [{ name: "X", valueFrom: id }] });
      const stopped = await tasks.run(taskDefinition, "STOPPED");
      expect(stopped.reason).to.match(reason);
      expect(stopped.reason).to.match(
        new RegExp(`assumed-role/lacking/\\S+ is not authorized to perform: ${missing} on resource: `),
      );
      expect(stopped.exitCode).to.equal(undefined);
      const [task] = await shop.tasks("STOPPED");
      expect([task?.stopCode, task?.containers?.[0]?.reason]).to.deep.equal(["TaskFailedToStart", stopped.reason]);
    });

  it("say why a layer cannot be downloaded", async () => {
    const image = await shop.push("v1", writing("1"));
    const call: Cloud["call"] = async (caller, service, operation, input) =>
      operation === "GetDownloadUrlForLayer"
        ? JSON.parse('{ "downloadUrl": "http://127.0.0.1:1/blob" }')
        : shop.cloud.call(caller, service, operation, input);
    const cloud: Cloud = Object.create(shop.cloud, { call: { value: call } });
    const refused = await createPuller(cloud)({ kind: "operator" }, image).catch((error) => error.message);
    expect(refused).to.equal(
      `ref pull has been retried 1 time(s): failed to copy: ${image}: GET request to http://127.0.0.1:1/blob: connect ECONNREFUSED 127.0.0.1:1`,
    );
  });

  it("do not start under a role that does not trust them", async () => {
    shop.executionRole = await shop.cloud.role("execution", "lambda.amazonaws.com", Object.values(EXECUTION));
    const { reason } = await tasks.run(await shop.register(await shop.push("v1", writing("1"))), "STOPPED");
    expect(reason).to.match(/^ECS was unable to assume the role 'arn:aws:iam::123456789012:role\/execution'/);
  });

  const starts: [name: string, container: object, inputs: () => object, reason: RegExp][] = [
    [
      "an image that is not there",
      { image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:none" },
      () => ({}),
      /^CannotPullContainerError: .*shop:none: not found$/,
    ],
    [
      "an image of another registry",
      { image: "docker.io/library/redis:8" },
      () => ({}),
      /^CannotPullContainerError: .*the rehearsal pulls only from 123456789012\.dkr\.ecr/,
    ],
    [
      "a program that is not there",
      { entryPoint: ["./missing"] },
      () => ({}),
      /^CannotStartContainerError: .*exec: "\.\/missing": /,
    ],
    [
      "no way to the registry",
      {},
      () => ({ networkConfiguration: { subnets: shop.web.publicSubnets, securityGroups: [shop.web.taskGroup] } }),
      /^ResourceInitializationError: .*i\/o timeout: .*has no public address: set assignPublicIp/,
    ],
    [
      "no way out of its security group",
      {},
      () => ({ networkConfiguration: { subnets: shop.web.privateSubnets, securityGroups: [] } }),
      /^ResourceInitializationError: .*do not reach port 443/,
    ],
  ];
  for (const [name, container, inputs, reason] of starts)
    it(`do not start with ${name}`, async () => {
      const taskDefinition = await shop.register(await shop.push("v1", writing("1")), container);
      expect((await tasks.run(taskDefinition, "STOPPED", inputs())).reason).to.match(reason);
    });
});
