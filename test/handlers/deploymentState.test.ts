import { expect } from "chai";
import { type DeploymentState, decodeState, encodeState, reserveRoom } from "../../handlers/deploy/state";

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
        { ...service(1), stuck: true },
      ],
      cause: "web: tasks failed to start.",
      obstacle: "worker: AccessDeniedException: not authorized",
    };
    expect(decodeState(encodeState(state))).to.deep.equal(state);
  });

  it("fits the token whatever the causes are", () => {
    const long = 'a "quoted" \\ line\nand é '.repeat(400);
    for (const obstacle of [undefined, long]) {
      const token = encodeState({ phase: "rollback", since: 1, services: services(3), cause: long, obstacle });
      expect(token.length).to.be.within(1_900, 2_048);
      expect(decodeState(token).cause?.slice(0, 24)).to.equal("a 'quoted' ' line and é ");
    }
  });

  it("fits the token wherever characters that count as two are cut", () => {
    for (const shift of ["", "x"]) {
      const long = shift + "\u{1f600}".repeat(2_000);
      const token = encodeState({ phase: "rollback", since: 1, services: services(3), cause: long, obstacle: long });
      expect(token.length).to.be.within(2_016, 2_024);
    }
  });

  it("has room for eight services with names of usual length, and refuses more before anything is changed", () => {
    reserveRoom({ phase: "registered", since: 1_767_607_200, services: services(8) });
    expect(() => reserveRoom({ phase: "registered", since: 1_767_607_200, services: services(9) })).to.throw(
      "9 services do not fit CodePipeline's continuation token of 2024 characters: divide the application, or shorten the names of its services",
    );
  });

  it("keeps room for the counts to restore", () => {
    const counted = (count: number) => services(count).map((each) => ({ ...each, count: 100, before: 100 }));
    reserveRoom({ phase: "registered", since: 1_767_607_200, services: counted(7) });
    expect(() => reserveRoom({ phase: "registered", since: 1_767_607_200, services: counted(8) })).to.throw(
      "8 services do not fit CodePipeline's continuation token of 2024 characters",
    );
  });

  for (const token of ["", "arn:aws:ecs:us-east-1:123456789012:task/1", "{}", '{"phase":"rollout","services":[]}']) {
    it(`is not read from ${JSON.stringify(token)}`, () => {
      expect(() => decodeState(token)).to.throw(`the continuation token is not of this function: ${token}`);
    });
  }
});
