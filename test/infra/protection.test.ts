import { expect } from "chai";
import type { Program } from "../../rehearsal/program";
import { everyOption } from "./everyOption";
import { evaluateStack } from "./support";

const protectedIn = ({ registrations }: Program) =>
  registrations
    .filter(({ protect }) => protect)
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
    .sort();

describe("what holds state", () => {
  it("is protected from deletion and replacement, and nothing else is", async () => {
    expect(protectedIn(await evaluateStack({ settings: everyOption }))).to.deep.equal([
      "Api slipway-api",
      "Eip slipway-nat",
      "LoadBalancer slipway-load-balancer",
      "Repository basket-repository",
      "Repository search-repository",
      "Repository storefront-repository",
      "Secret slipway-deployment-token",
      "Secret slipway-pull-requests-token",
      "Secret slipway-webhooks",
      "Table slipway-delivered-images",
      "Table slipway-deployments",
      "Table slipway-pull-requests",
    ]);
  });

  it("is not protected in a stack that is to be taken down", async () => {
    const settings = { ...everyOption, "slipway:protect": false };
    expect(protectedIn(await evaluateStack({ settings }))).to.deep.equal([]);
  });
});
