import { expect } from "chai";
import { unfitNode } from "../../rehearsal/nodeVersion";

describe("the Node.js of the rehearsal", () => {
  it("is named in one line where it cannot confine a function's packages, as Node.js 20 cannot", () => {
    expect(unfitNode({}, "v20.20.2")).to.equal(
      "Node.js v20.20.2 is too old: run npm ci, then npm start, npm test or npx mocha, which use the project's own Node.js 24.",
    );
  });

  it("is fit where the tests run", () => {
    expect(unfitNode()).to.equal(undefined);
  });
});
