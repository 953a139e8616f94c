import { expect } from "chai";
import { priorities } from "../../../infra/ingress/priorities";

const hosted = (name: string) => ({ name, hosted: true });

describe("priorities of listener rules", () => {
  it("do not depend on the order of the stack file", () => {
    const there = priorities([hosted("storefront-web"), hosted("admin-web"), { name: "home-web", hosted: false }]);
    const back = priorities([{ name: "home-web", hosted: false }, hosted("admin-web"), hosted("storefront-web")]);
    expect([...there].sort()).to.deep.equal([...back].sort());
  });

  it("put the service without hosts last, with another priority under another name", () => {
    const last = (name: string) => priorities([{ name, hosted: false }]).get(name);
    const given = ["home-web", "front-web", "storefront-web"].map(last);
    expect(given).to.deep.equal([48_298, 47_348, 48_559]);
    for (const priority of given) expect(priority).to.be.within(40_001, 50_000);
  });

  it("are each given once, among a thousand services", () => {
    const given = [...priorities(Array.from({ length: 1000 }, (_, index) => hosted(`service-${index}`))).values()];
    expect(new Set(given).size).to.equal(1000);
    expect(Math.min(...given)).to.be.at.least(1);
    expect(Math.max(...given)).to.be.at.most(40_000);
  });
});
