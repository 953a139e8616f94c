import { expect } from "chai";
import { usual } from "../../../rehearsal/scenarios";
import { allOthers, playScenariosOf } from "./support";

const stacks = ["prod", "cn-north-1", "cn-northwest-1"];

playScenariosOf(stacks, allOthers);

it("every stack's scenarios are played here or with dev's", () => {
  expect(Object.keys(usual)).to.deep.equal(["dev", ...stacks]);
});
