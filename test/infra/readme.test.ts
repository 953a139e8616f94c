import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { checkSettings } from "../../infra/settings/schema";

const root = path.resolve(__dirname, "../..");

describe("README", () => {
  it("shows a stack file that the program takes", async () => {
    const readme = await readFile(path.join(root, "README.md"), "utf8");
    const examples = [...readme.matchAll(/```yaml\n(config:[\s\S]*?)```/g)].map((it) => parse(it[1] ?? ""));
    expect(examples).to.have.length(1);
    expect(checkSettings(examples[0].config)).to.deep.include({ ok: true });
  });
});
