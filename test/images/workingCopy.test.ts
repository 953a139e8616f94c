import { expect } from "chai";
import { branchOf } from "../../images/gitops-pr/change";
import { file } from "../../rehearsal/forges/files";
import { change, startWorld, type World } from "./world";

const overlay = "kustomize/storefront/overlays/dev/kustomization.yaml";

describe("images/gitops-pr working copy", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  const attributes: { name: string; attributes: string; end: string }[] = [
    { name: "makes line ends of a text's that it has not", attributes: "*.yaml text", end: "\r\n" },
    { name: "makes line ends of its own in the working tree", attributes: "*.yaml text eol=crlf", end: "\n" },
    { name: "has filters and identifiers", attributes: "*.yaml filter=lfs ident", end: "\n" },
    { name: "has another encoding", attributes: "*.yaml text working-tree-encoding=UTF-16", end: "\n" },
  ];
  for (const { name, attributes: rule, end } of attributes) {
    it(`changes one line where .gitattributes ${name}`, async () => {
      const lines = ["\ufeff# $Id$", "images:", "  - name: storefront", "    newTag: v1", "# the end", ""];
      const before = lines.join(end);
      await world.repository.commit({ ".gitattributes": file(`${rule}\n`), [overlay]: file(before) }, "Write");
      const { record } = await world.carryOut(await world.ask({ image: "storefront:v2" }));
      expect(record?.state).to.equal("opened");
      const branch = branchOf({ ...change, image: "storefront:v2" });
      expect(world.file(branch, overlay)).to.equal(before.replace("newTag: v1", "newTag: v2"));
      expect(world.git("diff", "--name-only", "main", branch)).to.equal(`${overlay}\n`);
    });
  }

  const failures: { name: string; given(world: World): Promise<unknown> | unknown; cause: string }[] = [
    {
      name: "there is no base branch",
      given: ({ options }) => Object.assign(options, { branch: "trunk" }),
      cause: "https://github.com/acme/gitops.git has no branch trunk: check slipway:pullRequests.branch",
    },
    {
      name: "a tag alone has the base branch's name",
      given({ git, options }) {
        git("tag", "trunk", "main");
        Object.assign(options, { branch: "trunk" });
      },
      cause: "https://github.com/acme/gitops.git has no branch trunk: check slipway:pullRequests.branch",
    },
    {
      name: "the overlay is no UTF-8",
      given: ({ repository }) =>
        repository.commit({ [overlay]: { mode: "100644", content: Buffer.from("# r\xe9gion\n", "latin1") } }, "Write"),
      cause: `${overlay} of the gitops repository is not UTF-8: save it as UTF-8, then try again`,
    },
  ];
  for (const { name, given, cause } of failures) {
    it(`fails where ${name}`, async () => {
      await given(world);
      const { record } = await world.carryOut(await world.ask());
      expect(record).to.include({ state: "failed", cause });
    });
  }
});
