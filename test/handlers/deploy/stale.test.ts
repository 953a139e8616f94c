import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { useDeployment } from "./support";

const TRIPPED = "ECS deployment circuit breaker: tasks failed to start";

describe("deployment whose reads of ECS are stale", () => {
  const world = useDeployment();

  /** Has DescribeServices answer as it would now, until it is called off. */
  function freeze(...names: string[]): () => void {
    const { DescribeServices } = world.endpoint.answers;
    const before = structuredClone(world.ecs.services);
    world.endpoint.answers.DescribeServices = ({ services }) => ({
      services: (services as string[]).map((name) => (names.includes(name) ? before[name] : world.ecs.services[name])),
    });
    return () => {
      world.endpoint.answers.DescribeServices = DescribeServices as () => object;
    };
  }

  it("does not report a rollout as gone that the first read after UpdateService does not show", async () => {
    world.setUp(["web"]);
    await world.step();
    const thaw = freeze("web");
    await world.step();
    world.now += 5_000;
    expect(await world.step()).to.deep.include({ kind: "underWay", summary: "web: ECS does not show web:2 yet" });
    thaw();
    world.ecs.complete("web");
    expect(await world.step()).to.deep.equal({ kind: "done", summary: "storefront v2: web runs web:2" });
  });

  it("does not conclude from the observation that detected the failure that another service is back", async () => {
    world.setUp(["web", "worker"]);
    await world.step();
    const thaw = freeze("worker");
    await world.step();
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    expect(world.running()).to.deep.equal([
      ["web:1", 2],
      ["worker:2", 2],
    ]);
    expect(await world.step()).to.deep.include({ kind: "underWay" });
    expect(world.running()).to.deep.equal([
      ["web:1", 2],
      ["worker:1", 2],
    ]);
    thaw();
    world.ecs.complete("web");
    world.ecs.complete("worker");
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message: `storefront v2 was not deployed. web: ${TRIPPED}. Rollback: web is back at web:1; worker is back at worker:1.`,
    });
  });

  it("updates a service that seems to be back again, though one update is denied: it kept the new version", async () => {
    world.setUp(["web"]);
    await world.step();
    const { UpdateService } = world.endpoint.answers;
    const thaw = freeze("web");
    const denied = () => {
      throw awsFault("AccessDeniedException", "not authorized");
    };
    world.endpoint.answers.UpdateService = (input) => {
      UpdateService?.(input);
      return denied();
    };
    await world.step();
    world.endpoint.answers.UpdateService = denied;
    await world.step();
    Object.assign(world.endpoint.answers, { UpdateService });
    expect(await world.step()).to.deep.include({ kind: "underWay" });
    expect(world.running()).to.deep.equal([["web:1", 2]]);
    thaw();
  });

  it("takes a service back whose UpdateService failed after it took effect", async () => {
    world.setUp(["web", "worker"]);
    await world.step();
    const { UpdateService } = world.endpoint.answers;
    const thaw = freeze("web", "worker");
    world.endpoint.answers.UpdateService = (input) => {
      const answer = UpdateService?.(input) ?? {};
      if (input.service === "worker" && input.taskDefinition === "worker:2") {
        throw awsFault("AccessDeniedException", "not authorized");
      }
      return answer;
    };
    await world.steps(2);
    expect(world.running()).to.deep.equal([
      ["web:1", 2],
      ["worker:1", 2],
    ]);
    thaw();
  });
});
