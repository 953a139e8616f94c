import { assert } from "chai";
import { pipelineNames } from "../../../rehearsal/report/pipelines";

const stack = (environment: string, pipelines: Record<string, string>) => ({
  environment,
  outputs: { services: {}, repositories: {}, pipelines },
});

describe("rehearsal: names of pipelines", () => {
  const dev = stack("dev", { storefront: "storefront-1", admin: "admin-1" });
  const prod = stack("prod", { storefront: "storefront-2" });

  it("tell application and environment where there are several stacks", () => {
    assert.deepEqual(
      [...pipelineNames([dev, prod])],
      [
        ["storefront-1", "storefront in dev"],
        ["admin-1", "admin in dev"],
        ["storefront-2", "storefront in prod"],
      ],
    );
  });

  it("are not needed in one stack", () => {
    assert.equal(pipelineNames([dev]).size, 0);
  });
});
