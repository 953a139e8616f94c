import { expect } from "chai";
import { type DeploymentState, decodeState, encodeState } from "../../../handlers/deploy/state";

const service = (index: number) => ({
  service: `storefront-service-${index}-1a2b3c4`,
  previous: `dev-storefront-service-${index}:12`,
  next: `dev-storefront-service-${index}:13`,
});
const services = (count: number) => Array.from({ length: count }, (_, index) => service(index));

describe("deployment state", () => {
  it("comes back out of its token", () => {
    const state: DeploymentState = {
      phase: "rollback",
      since: 1_767_607_200,
      services: [
        { ...service(0), count: 2, before: 0, deployment: "ecs-svc/1234567890123456789" },
        {
          ...service(1),
          stuck: true,
          refusal: { since: 1_767_607_230, error: "AccessDeniedException: not authorized" },
        },
      ],
      cause: "web: tasks failed to start.",
    };
    expect(decodeState(encodeState(state))).to.deep.equal(state);
  });

  it("keeps its cause to a length that CodePipeline takes", () => {
    const long = "x".repeat(5_000);
    const token = encodeState({ phase: "rollback", since: 1, services: services(3), cause: long });
    expect(decodeState(token).cause?.length).to.equal(2_000);
  });

  for (const token of ["", "arn:aws:ecs:us-east-1:123456789012:task/1", "{}", '{"phase":"rollout","services":[]}']) {
    it(`is not read from ${JSON.stringify(token)}`, () => {
      expect(() => decodeState(token)).to.throw(`the continuation token does not belong to this function: ${token}`);
    });
  }
});
