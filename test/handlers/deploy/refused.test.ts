import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { DIGEST } from "./ecs";
import { useDeployment } from "./support";

describe("deployment is refused before anything is registered", () => {
  const world = useDeployment();

  const refusals: [string, () => void, string][] = [
    [
      "for an image that ECR does not have",
      () => {
        const failures = [{ failureCode: "ImageNotFound", failureReason: "Requested image not found" }];
        world.endpoint.answers.BatchGetImage = () => ({ images: [], failures });
      },
      `ECR returned no image storefront@${DIGEST}: ImageNotFound: Requested image not found`,
    ],
    [
      "for a cluster that does not exist",
      () => {
        world.endpoint.answers.DescribeServices = () => {
          throw awsFault("ClusterNotFoundException", "Cluster not found.");
        };
      },
      "there is no ECS cluster dev",
    ],
    [
      "for a service that does not exist",
      () => {
        delete world.ecs.services.worker;
      },
      "service worker in cluster dev does not exist",
    ],
    [
      "for a service that is being deleted",
      () => {
        Object.assign(world.ecs.services.worker ?? {}, { status: "DRAINING" });
      },
      "service worker in cluster dev is DRAINING",
    ],
    [
      "for a service that ECS could not describe",
      () => {
        const failures = [{ arn: "worker", reason: "BUSY", detail: "try later" }];
        world.endpoint.answers.DescribeServices = () => ({ services: [], failures });
      },
      "ECS could not describe worker: BUSY, try later",
    ],
    [
      "for a container that the task definition does not have",
      () => {
        Object.assign(world.ecs.definitions["worker:1"] ?? {}, { containerDefinitions: [{ name: "other" }] });
      },
      "task definition worker:1 has no container app: its containers are other",
    ],
  ];
  for (const [what, change, message] of refusals) {
    it(what, async () => {
      world.setUp(["web", "worker"]);
      change();
      const error = await world.step().catch((it: Error) => it.message);
      expect(error).to.equal(message);
      expect(world.inputsOf("RegisterTaskDefinition")).to.deep.equal([]);
    });
  }
});
