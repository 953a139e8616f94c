import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction } from "./support";

describe("Lambda refuses at creation", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs]);
  });
  afterEach(() => cloud.close());

  const refusals: { what: string; inputs: Record<string, unknown>; message: RegExp }[] = [
    {
      what: "another runtime than this Node.js",
      inputs: { runtime: "nodejs22.x" },
      message: /^odd: the runtime nodejs22\.x cannot be rehearsed: functions run on this Node\.js, v24\./,
    },
    {
      what: "reserved environment variables",
      inputs: { environment: { variables: { AWS_REGION: "us-east-1", A: "b" } } },
      message: /Reserved keys used in this request: AWS_REGION$/,
    },
    {
      what: "an environment over 4 KB",
      inputs: { environment: { variables: { OPTIONS: "x".repeat(4096) } } },
      message: /exceeded the 4KB limit: 4110 bytes\.$/,
    },
    {
      what: "a timeout over 15 minutes",
      inputs: { timeout: 901 },
      message: /^odd: timeout 901 must be .* from 1 to 900/,
    },
    {
      what: "what is not simulated",
      inputs: { layers: ["arn"] },
      message: /^aws:lambda\/function:Function odd: layers is not simulated/,
    },
  ];
  for (const { what, inputs, message } of refusals)
    it(what, async () => {
      const error = await refusal(declareFunction(cloud, "odd", "", inputs));
      expect(error.message).to.match(message);
    });

  it("a role that Lambda cannot assume", async () => {
    const role = await cloud.role("task", "ecs-tasks.amazonaws.com", []);
    const error = await refusal(declareFunction(cloud, "odd", "", { role }));
    expect([error.name, error.message]).to.satisfy(
      ([name, message]: string[]) =>
        name === "InvalidParameterValueException" &&
        message?.startsWith("The role defined for the function cannot be assumed by Lambda. (lambda.amazonaws.com"),
    );
  });
});
