import { expect } from "chai";
import { scenarios } from "../../../rehearsal/scenarios";
import { playScenariosOf, pullRequests } from "./support";

const stacks = ["dev", "cn-north-1"];

playScenariosOf(stacks, pullRequests);

it("every scenario of pull requests is of one of these stacks", () => {
  const theirs = scenarios.filter(pullRequests.plays).map(({ stack = "dev" }) => stack);
  expect([...new Set(theirs)]).to.deep.equal(stacks);
});
