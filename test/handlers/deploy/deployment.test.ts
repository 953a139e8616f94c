import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { CLUSTER, DIGEST, IMAGE } from "./ecs";
import { START, useDeployment } from "./support";

const MINUTE = 60_000;
const TRIPPED = "ECS deployment circuit breaker: tasks failed to start";

describe("deployment", () => {
  const world = useDeployment();

  it("registers at first, and changes nothing", async () => {
    world.setUp(["web"]);
    expect(await world.step()).to.deep.equal({
      kind: "underWay",
      summary: "registered web:2 for storefront v2",
      state: {
        phase: "registered",
        since: START / 1000,
        services: [{ service: "web", previous: "web:1", next: "web:2" }],
      },
    });
    expect(world.inputsOf("BatchGetImage")).to.deep.equal([
      {
        registryId: "123456789012",
        repositoryName: "storefront",
        imageIds: [{ imageDigest: DIGEST }],
        acceptedMediaTypes: [
          "application/vnd.docker.distribution.manifest.v2+json",
          "application/vnd.docker.distribution.manifest.list.v2+json",
          "application/vnd.oci.image.manifest.v1+json",
          "application/vnd.oci.image.index.v1+json",
        ],
      },
    ]);
    expect(world.inputsOf("RegisterTaskDefinition")).to.deep.equal([
      {
        family: "web",
        containerDefinitions: [{ name: "app", image: IMAGE }],
        tags: [{ key: "slipway:count", value: "2" }],
      },
    ]);
    expect(world.inputsOf("UpdateService")).to.deep.equal([]);
  });

  it("updates each service once, and follows it to its end", async () => {
    world.setUp(["web", "worker"]);
    const started = await world.steps(2);
    expect(started).to.deep.include({ kind: "underWay", summary: "rolling out web:2, worker:2" });
    expect(world.inputsOf("UpdateService")).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:2" },
      { cluster: CLUSTER, service: "worker", taskDefinition: "worker:2" },
    ]);
    world.ecs.complete("web");
    expect(await world.step()).to.deep.include({
      kind: "underWay",
      summary: "worker: 0 of 2 tasks running, 2 pending, 0 failed. web runs web:2",
    });
    world.ecs.complete("worker");
    expect(await world.step()).to.deep.equal({
      kind: "done",
      summary: "storefront v2: web runs web:2, worker runs worker:2",
    });
    expect(world.inputsOf("UpdateService")).to.have.length(2);
  });

  it("takes the template's settings of today, and the tags", async () => {
    world.setUp(["web"]);
    const template = { ...world.ecs.definitions["web:1"], cpu: "512", tags: [{ key: "environment", value: "dev" }] };
    world.ecs.definitions["web:template"] = { ...template, family: "web" };
    for (const service of world.context.options.services) {
      service.taskDefinition = "web:template";
    }
    await world.step();
    expect(world.inputsOf("RegisterTaskDefinition")).to.deep.equal([
      {
        family: "web",
        cpu: "512",
        containerDefinitions: [{ name: "app", image: IMAGE }],
        tags: [
          { key: "environment", value: "dev" },
          { key: "slipway:count", value: "2" },
        ],
      },
    ]);
  });

  it("raises the desired count at the first delivery", async () => {
    world.setUp(["web"], { delivered: false });
    await world.steps(2);
    expect(world.inputsOf("UpdateService")).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:2", desiredCount: 2 },
    ]);
  });

  it("of no tasks says that it proves nothing", async () => {
    world.setUp(["web"], { delivered: false, count: 0 });
    expect(await world.steps(3)).to.deep.equal({
      kind: "done",
      summary: "storefront v2: web runs web:2 (unverified: the desired count is 0)",
    });
  });

  it("follows ECS's own rollback, and tells both causes", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    world.ecs.stopped = [
      {
        taskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2",
        stoppedAt: START / 1000,
        stoppedReason: "Essential container in task exited",
        containers: [{ name: "app", exitCode: 1 }],
      },
      {
        taskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2",
        stoppedAt: START / 1000 + 60,
        stoppedReason: "Scaling activity initiated by (deployment ecs-svc/3)",
        containers: [{ name: "app", exitCode: 143 }],
      },
      { taskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1", stoppedReason: "Scaling" },
    ];
    expect(await world.step()).to.deep.include({
      kind: "underWay",
      summary: "rolling back. web: web:1: 0 of 2 tasks running, 2 pending, 0 failed",
    });
    world.ecs.complete("web");
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message:
        "storefront v2 was not deployed. " +
        `web: ${TRIPPED}; stopped tasks: 2; reason: Essential container in task exited; container app exited with 1. ` +
        "Rollback: web is back at web:1.",
    });
    expect(world.inputsOf("UpdateService")).to.have.length(1);
  });

  it("goes back by itself at the deadline, where no circuit breaker trips", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.now += 30 * MINUTE;
    await world.step();
    expect(world.inputsOf("UpdateService").slice(1)).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:1" },
    ]);
    await world.step();
    expect(world.inputsOf("UpdateService")).to.have.length(2);
    world.ecs.complete("web");
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message:
        "storefront v2 was not deployed. web: not complete after 30 minutes: 0 of 2 tasks running, 2 pending, 0 failed. " +
        "Rollback: web is back at web:1.",
    });
  });

  it("tells of a rollback that fails as well", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    await world.step();
    world.ecs.fail("web", "ECS deployment circuit breaker: the database is away.");
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message:
        `storefront v2 was not deployed. web: ${TRIPPED}. ` +
        "Rollback: web is not back at web:1: web:1 failed as well: ECS deployment circuit breaker: the database is away.",
    });
  });

  it("takes services back that succeeded, if one failed", async () => {
    world.setUp(["web", "worker"]);
    await world.steps(2);
    world.ecs.complete("web");
    world.ecs.fail("worker", `${TRIPPED}.`, "by ECS");
    await world.step();
    expect(world.inputsOf("UpdateService").slice(2)).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:1" },
    ]);
    world.ecs.complete("web");
    world.ecs.complete("worker");
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message: `storefront v2 was not deployed. worker: ${TRIPPED}. Rollback: web is back at web:1; worker is back at worker:1.`,
    });
    expect(world.running()).to.deep.equal([
      ["web:1", 2],
      ["worker:1", 2],
    ]);
  });

  it("takes services back that were updated, if one cannot be", async () => {
    world.setUp(["web", "worker"]);
    const { UpdateService } = world.endpoint.answers;
    world.endpoint.answers.UpdateService = (input) => {
      if (input.service === "worker") {
        throw awsFault("AccessDeniedException", "not authorized to perform: ecs:UpdateService");
      }
      return UpdateService?.(input) ?? {};
    };
    await world.steps(3);
    world.ecs.complete("web");
    world.now += 2 * MINUTE;
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message:
        "storefront v2 was not deployed. " +
        "worker was not updated: AccessDeniedException: not authorized to perform: ecs:UpdateService. " +
        "Rollback: web is back at web:1; worker is back at worker:1.",
    });
  });

  it("goes back though the first call of its rollback is denied: one service would keep the new version", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.now += 30 * MINUTE;
    const { UpdateService } = world.endpoint.answers;
    world.endpoint.answers.UpdateService = (input) => {
      Object.assign(world.endpoint.answers, { UpdateService });
      throw awsFault("AccessDeniedException", `not authorized to update ${input.service}`);
    };
    await world.step();
    world.now += MINUTE;
    await world.step();
    expect(world.running()).to.deep.equal([["web:1", 2]]);
    world.ecs.complete("web");
    expect(await world.step()).to.deep.include({
      kind: "failed",
      message:
        "storefront v2 was not deployed. web: not complete after 30 minutes: 0 of 2 tasks running, 2 pending, 0 failed. " +
        "Rollback: web is back at web:1.",
    });
  });

  it("reports a rollback that ECS refuses for five minutes", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.now += 30 * MINUTE;
    world.endpoint.answers.UpdateService = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:UpdateService");
    };
    await world.step();
    world.now += 5 * MINUTE;
    await world.step();
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message:
        "storefront v2 was not deployed. web: not complete after 30 minutes: 0 of 2 tasks running, 2 pending, 0 failed. " +
        "Rollback: web is not back at web:1: it still has web:2 " +
        "(AccessDeniedException: not authorized to perform: ecs:UpdateService).",
    });
    expect(world.inputsOf("UpdateService")).to.have.length(3);
  });

  it("goes back though a call is denied at first, and another one seven minutes later: it was given up", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.now += 30 * MINUTE;
    const { UpdateService } = world.endpoint.answers;
    const refuseWith = (name: string) => {
      world.endpoint.answers.UpdateService = () => {
        throw awsFault(name, "no");
      };
    };
    refuseWith("AccessDeniedException");
    await world.step();
    refuseWith("ThrottlingException");
    world.now += MINUTE;
    await world.step();
    world.now += 6 * MINUTE;
    refuseWith("AccessDeniedException");
    expect(await world.step()).to.deep.include({
      kind: "underWay",
      summary: "rolling back. web: rolling back to web:1 (AccessDeniedException: no)",
    });
    Object.assign(world.endpoint.answers, { UpdateService });
    await world.step();
    expect(world.running()).to.deep.equal([["web:1", 2]]);
    expect(world.states.at(-1)?.services[0]?.refusal).to.equal(undefined);
  });

  it("that is a service's first goes back to no tasks", async () => {
    world.setUp(["web"], { delivered: false });
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    await world.step();
    expect(world.inputsOf("UpdateService").slice(1)).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:1", desiredCount: 0 },
    ]);
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message: `storefront v2 was not deployed. web: ${TRIPPED}. Rollback: web is back at web:1, without tasks: it never had any.`,
    });
    expect(world.running()).to.deep.equal([["web:1", 0]]);
  });

  it("asks for ten services at a time, as ECS takes them", async () => {
    world.setUp(Array.from({ length: 11 }, (_, index) => `s${index}`));
    await world.step();
    expect(world.inputsOf("DescribeServices").map(({ services }) => (services as string[]).length)).to.deep.equal([
      10, 1,
    ]);
    expect(world.inputsOf("RegisterTaskDefinition")).to.have.length(11);
  });

  it("says why tasks stopped, or that it cannot", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    world.endpoint.answers.ListTasks = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:ListTasks");
    };
    await world.step();
    expect(world.states.at(-1)?.cause).to.equal(
      `web: ${TRIPPED}; the reason why its tasks stopped cannot be read: AccessDeniedException: not authorized to perform: ecs:ListTasks`,
    );
  });

  it("reads all pages of stopped tasks, a hundred at a time", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    world.endpoint.answers.ListTasks = ({ nextToken }) =>
      nextToken === undefined
        ? { taskArns: Array.from({ length: 100 }, (_, index) => `task/${index}`), nextToken: "more" }
        : { taskArns: ["task/100"] };
    const taskDefinitionArn = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2";
    world.endpoint.answers.DescribeTasks = ({ tasks }) => ({
      tasks: (tasks as string[]).map((taskArn, index) => ({
        taskArn,
        taskDefinitionArn,
        stoppedAt: START / 1000 + (taskArn === "task/100" ? 1_000 : index),
        stoppedReason: `${taskArn} stopped`,
        containers: [{ name: "app", reason: "CannotPullContainerError: no such image" }],
      })),
    });
    await world.step();
    expect(world.inputsOf("ListTasks")).to.deep.equal([
      { cluster: CLUSTER, serviceName: "web", desiredStatus: "STOPPED", maxResults: 100 },
      { cluster: CLUSTER, serviceName: "web", desiredStatus: "STOPPED", maxResults: 100, nextToken: "more" },
    ]);
    expect(world.inputsOf("DescribeTasks").map(({ tasks }) => (tasks as string[]).length)).to.deep.equal([100, 1]);
    expect(world.states.at(-1)?.cause).to.equal(
      `web: ${TRIPPED}; stopped tasks: 101; reason: task/100 stopped; container app did not start (CannotPullContainerError: no such image)`,
    );
  });
});
