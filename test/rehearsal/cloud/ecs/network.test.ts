import { expect } from "chai";
import { closedNetwork, LOG_CONFIGURATION, openShop, type Shop, type TaskEvent } from "./support";

const SERVICES = ["ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager", "ssm"];

describe("A task in a subnet without a way to the internet", () => {
  let shop: Shop;

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.cloud.close());

  /** Runs a task with two secrets beside these endpoints. @returns the event of its start, or of its end */
  async function run(services: string[]): Promise<TaskEvent> {
    const { cloud } = shop;
    const networkConfiguration = await closedNetwork(shop, services);
    const event = cloud.until((it): it is TaskEvent => it.kind === "task");
    await shop.declareService(await register(), {
      desiredCount: 1,
      loadBalancers: [],
      networkConfiguration,
    });
    await cloud.start();
    return event;
  }

  async function register(): Promise<string> {
    const { cloud } = shop;
    const operator = { kind: "operator" } as const;
    const secret = await cloud.declare("aws:secretsmanager/secret:Secret", "token", { name: "token" });
    await cloud.declare("aws:secretsmanager/secretVersion:SecretVersion", "token", {
      secretId: secret.id,
      secretString: "1",
    });
    await cloud.call(operator, "ssm", "PutParameter", { Name: "/shop/color", Value: "red" });
    const secrets = [
      { name: "TOKEN", valueFrom: secret.outputs.arn },
      { name: "COLOR", valueFrom: "arn:aws:ssm:us-east-1:123456789012:parameter/shop/color" },
    ];
    const reading = [
      { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" },
      { Effect: "Allow", Action: "ssm:GetParameters", Resource: "*" },
    ];
    await cloud.declare("aws:iam/rolePolicy:RolePolicy", "secrets", {
      role: "execution",
      policy: JSON.stringify({ Version: "2012-10-17", Statement: reading }),
    });
    const image = await shop.push("v1", "setInterval(() => {}, 1000);");
    return shop.register(image, { secrets, logConfiguration: LOG_CONFIGURATION });
  }

  it("starts with an endpoint for each service that it needs", async () => {
    expect((await run(SERVICES)).status).to.equal("RUNNING");
  });

  const NO_AUTH =
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ";
  const missing: [service: string, host: string, words: string][] = [
    ["secretsmanager", "secretsmanager.us-east-1", `${NO_AUTH}unable to retrieve secrets from secretsmanager`],
    ["ssm", "ssm.us-east-1", `${NO_AUTH}unable to retrieve secrets from ssm`],
    ["ecr.api", "api.ecr.us-east-1", `${NO_AUTH}unable to retrieve ecr registry auth`],
    ["ecr.dkr", "123456789012.dkr.ecr.us-east-1", "CannotPullContainerError: pull image manifest"],
    ["s3", "prod-us-east-1-starport-layer-bucket.s3.us-east-1", "CannotPullContainerError: pull image manifest"],
    ["logs", "logs.us-east-1", "ResourceInitializationError: failed to validate logger args: create stream"],
  ];
  for (const [service, host, words] of missing)
    it(`does not start without one for ${service}`, async () => {
      const { status, reason = "" } = await run(SERVICES.filter((it) => it !== service));
      expect(status).to.equal("STOPPED");
      expect(reason.slice(0, reason.indexOf(": service call"))).to.equal(words);
      expect(reason).to.include(`has no route to ${host}.amazonaws.com (198.51.100.`);
    });
});
