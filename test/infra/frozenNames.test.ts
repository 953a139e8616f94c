import { expect } from "chai";
import { freeze, frozenNames, lostNames, namesOf, newNames, STACKS } from "./frozenNames";

// `pulumi up` deletes a resource whose URN has changed and makes another one. To change or remove a name on purpose, give the
// resource an alias by URN, or list the change as breaking in CHANGELOG.md, and then run `npm run freeze`.
describe("the names of resources", () => {
  for (const [stack, evaluated] of Object.entries(STACKS)) {
    it(`of stack ${stack} are those that existing stacks have: a removed one is a breaking change`, async () => {
      const program = await evaluated();
      if (process.env.SLIPWAY_FREEZE === "1") freeze(stack, program);
      expect(lostNames(stack, program)).to.deep.equal([]);
      // Run `npm run freeze`: a name that is not frozen could change unnoticed.
      expect(newNames(stack, program)).to.deep.equal([]);
    });
  }

  it("are lost by a resource that is renamed, unless it has its former URN as an alias", async () => {
    const program = await STACKS.dev?.();
    if (program === undefined) throw new Error("There is no stack dev.");
    const [former = ""] = frozenNames("dev").filter((line) => line.includes("Table::") && !line.includes("="));
    const renamed = (aliases: string[]) => ({
      ...program,
      registrations: program.registrations.map((it) =>
        namesOf({ ...program, registrations: [it] })[0] === former ? { ...it, urn: `${it.urn}-2`, aliases } : it,
      ),
    });
    expect(lostNames("dev", renamed([]))).to.deep.equal([former]);
    expect(lostNames("dev", renamed([`urn:pulumi:dev::slipway::${former}`]))).to.deep.equal([]);
    expect(lostNames("dev", renamed([`urn:pulumi:prod::slipway::${former}`]))).to.deep.equal([former]);
  });
});
