import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { checkSettings } from "../../infra/settings/schema";

const root = path.resolve(__dirname, "../..");

describe("the docs", () => {
  it("show a stack file that the program accepts", async () => {
    const page = await readFile(path.join(root, "docs/configuration.md"), "utf8");
    const examples = [...page.matchAll(/```yaml\n(config:[\s\S]*?)```/g)].map((it) => parse(it[1] ?? ""));
    expect(examples).to.have.length(1);
    expect(checkSettings(examples[0].config)).to.deep.include({ ok: true });
  });

  it("have a README of at most 150 lines of 120 columns", async () => {
    const lines = (await readFile(path.join(root, "README.md"), "utf8")).split("\n");
    expect(lines.length).to.be.at.most(151);
    expect(lines.filter((line) => line.length > 120)).to.deep.equal([]);
  });

  it("link only to files and headings that exist", async () => {
    const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
    for (const name of await readdir(path.join(root, "docs"))) pages.push(`docs/${name}`);
    const texts = new Map<string, string>();
    for (const page of pages) texts.set(page, await readFile(path.join(root, page), "utf8"));
    const broken: string[] = [];
    for (const [page, text] of texts) {
      for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
        const [file = "", heading] = target.split("#");
        const linked = file === "" ? page : path.join(path.dirname(page), file);
        if (!existsSync(path.join(root, linked))) broken.push(`${page}: ${target}`);
        else if (heading !== undefined && !headingsOf(texts.get(linked) ?? "").includes(heading))
          broken.push(`${page}: ${target}`);
      }
    }
    expect(broken).to.deep.equal([]);
  });
});

/** As GitHub makes them. */
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
