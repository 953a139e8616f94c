import type { RegisterTaskDefinitionCommandInput, TaskDefinition } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import {
  isDelivered,
  nameOf,
  type READ_ONLY,
  type Registrable,
  registrationOf,
} from "../../../handlers/deploy/taskDefinition";

const IMAGE = `123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront@sha256:${"a".repeat(64)}`;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

// These do not compile when the SDK's types grow: a field that ECS only tells has then to be added to READ_ONLY.
const stripped: Equal<
  (typeof READ_ONLY)[number],
  Exclude<keyof TaskDefinition, keyof RegisterTaskDefinitionCommandInput>
> = true;
const kept: Equal<keyof Registrable, Exclude<keyof RegisterTaskDefinitionCommandInput, "tags">> = true;

const definition: TaskDefinition = {
  taskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/dev-storefront-web:7",
  revision: 7,
  status: "ACTIVE",
  requiresAttributes: [{ name: "ecs.capability.task-eni" }],
  compatibilities: ["EC2", "FARGATE"],
  registeredAt: new Date("2026-01-05T10:00:00Z"),
  registeredBy: "arn:aws:iam::123456789012:user/operator",
  deregisteredAt: new Date("2026-01-05T10:00:00Z"),
  deleteRequestedAt: new Date("2026-01-05T10:00:00Z"),
  family: "dev-storefront-web",
  cpu: "256",
  memory: "512",
  pidMode: "task",
  volumes: [],
  containerDefinitions: [
    { name: "app", image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:none", command: [] },
    { name: "log", image: "log:1", environment: [{ name: "EMPTY", value: "" }] },
  ],
};

describe("task definition", () => {
  it("is stripped of exactly what the SDK's types say cannot be registered", () => {
    expect([stripped, kept]).to.deep.equal([true, true]);
  });

  it("is registered again with all but one image, empty values too", () => {
    expect(registrationOf({ definition, tags: [] }, "app", IMAGE, 2)).to.deep.equal({
      family: "dev-storefront-web",
      cpu: "256",
      memory: "512",
      pidMode: "task",
      volumes: [],
      containerDefinitions: [
        { name: "app", image: IMAGE, command: [] },
        { name: "log", image: "log:1", environment: [{ name: "EMPTY", value: "" }] },
      ],
      tags: [{ key: "slipway:count", value: "2" }],
    });
  });

  it("keeps its tags, but not AWS's own, which ECS would refuse", () => {
    const tags = [{ key: "environment", value: "dev" }];
    const all = [{ key: "aws:cloudformation:stack-name", value: "dev" }, ...tags];
    const count = { key: "slipway:count", value: "0" };
    expect(registrationOf({ definition, tags: all }, "app", IMAGE, 0).tags).to.deep.equal([...tags, count]);
  });

  it("has one count, though its template has another", () => {
    const tags = [{ key: "slipway:count", value: "5" }];
    expect(registrationOf({ definition, tags }, "app", IMAGE, 0).tags).to.deep.equal([
      { key: "slipway:count", value: "0" },
    ]);
  });

  it("is left as it was", () => {
    const before = structuredClone(definition);
    registrationOf({ definition, tags: [] }, "app", IMAGE, 2);
    expect(definition).to.deep.equal(before);
  });

  it("without the container is refused, and its containers are named", () => {
    expect(() => registrationOf({ definition, tags: [] }, "web", IMAGE, 2)).to.throw(
      "task definition dev-storefront-web:7 has no container web: its containers are app, log",
    );
  });

  it("has been delivered if its image is named by digest", () => {
    expect(isDelivered(definition, "app")).to.equal(false);
    expect(isDelivered({ containerDefinitions: [{ name: "app", image: IMAGE }] }, "app")).to.equal(true);
    expect(isDelivered({ containerDefinitions: [{ name: "app", image: IMAGE }] }, "log")).to.equal(false);
  });

  it("is called by family and revision", () => {
    expect(nameOf(definition.taskDefinitionArn)).to.equal("dev-storefront-web:7");
    expect(nameOf("dev-storefront-web:7")).to.equal("dev-storefront-web:7");
  });
});
