import { expect } from "chai";
import { execForm, parseDockerfile } from "../../../../rehearsal/cloud/docker/dockerfile";
import { parseReference } from "../../../../rehearsal/cloud/docker/imageStore";
import { parseIgnore, patternOf } from "../../../../rehearsal/cloud/docker/patterns";
import { plan } from "../../../../rehearsal/cloud/docker/plan";
import { assignments, expand } from "../../../../rehearsal/cloud/docker/variables";

describe("Dockerfile", () => {
  it("is read line by line, with continued lines, comments and flags", () => {
    const text = [
      "# syntax=docker/dockerfile:1",
      "from node:24 AS build",
      "",
      "RUN npm ci \\",
      "  # nothing is built from source",
      "",
      '  && node -e "a # b"',
      "COPY --from=build --chown=node:node /app ./",
      'CMD ["node", "-e", "console.log(1, 2)"]',
    ].join("\r\n");
    expect(parseDockerfile(text)).to.deep.equal([
      { line: 2, keyword: "FROM", flags: [], text: "node:24 AS build" },
      { line: 4, keyword: "RUN", flags: [], text: 'npm ci   && node -e "a # b"' },
      {
        line: 8,
        keyword: "COPY",
        flags: [
          ["from", "build"],
          ["chown", "node:node"],
        ],
        text: "/app ./",
      },
      { line: 9, keyword: "CMD", flags: [], text: '["node", "-e", "console.log(1, 2)"]' },
    ]);
  });

  it("heeds the escape directive", () => {
    const [run] = parseDockerfile("# escape=`\nRUN dir C:\\ `\n && ver");
    expect(run?.text).to.equal("dir C:\\  && ver");
  });

  const wrong: [string, RegExp][] = [
    ["FROM node\nRUN <<EOF\necho 1\nEOF", /^line 2: RUN: here-documents/],
    ["FROM node\nCOPY <<-'END' /x\nEND", /^line 2: COPY: here-documents/],
    ["FROM node\nRUN true \\", /^line 2: the instruction is continued on a line that is missing/],
  ];
  for (const [text, message] of wrong)
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseDockerfile(text)).to.throw(message);
    });

  it("knows the exec form, and takes everything else for a shell command", () => {
    expect(execForm('["node", "a b.js"]')).to.deep.equal(["node", "a b.js"]);
    for (const text of ["node server.js", "['node', 'server.js']", '["node", 1]', "[ -f x ] && y"])
      expect(execForm(text), text).to.equal(undefined);
  });

  const values: Record<string, string> = { A: "1", EMPTY: "", PATH: "/bin" };
  const expansions: [string, string][] = [
    [`$A-\${A}`, "1-1"],
    ["$MISSING.", "."],
    [`\${MISSING:-x}\${EMPTY:-x}\${EMPTY-x}\${A:-x}`, "xx1"],
    [`\${MISSING:-$A}`, "1"],
    [`\${A:+set}\${MISSING:+set}\${EMPTY+set}`, "setset"],
    ["\\$A", "$A"],
    ["'$A'", "$A"],
    ['"$A \\"b\\" \\n"', '1 "b" \\n'],
    ["/usr/bin:$PATH", "/usr/bin:/bin"],
  ];
  for (const [text, expected] of expansions)
    it(`expands ${text}`, () => {
      expect(expand(text, (name) => values[name])).to.equal(expected);
    });

  const given: [string, [string, string][]][] = [
    ["A=1", [["A", "1"]]],
    [
      "A=1 B=\"two words\" C=three\\ words D='$A' E=$A",
      [
        ["A", "1"],
        ["B", "two words"],
        ["C", "three words"],
        ["D", "$A"],
        ["E", "1"],
      ],
    ],
    ["OLD the rest of $A", [["OLD", "the rest of 1"]]],
    ["EMPTY=", [["EMPTY", ""]]],
  ];
  for (const [text, expected] of given)
    it(`assigns ${text}`, () => {
      expect(assignments(text, (name) => values[name])).to.deep.equal(expected);
    });

  const stages = parseDockerfile(
    `ARG BASE=node:24\nFROM \${BASE} AS base\nFROM base AS build\nRUN 1\nFROM base AS test\nRUN 2\nFROM scratch\nCOPY --from=build /x /\nCOPY --from=0 /y /`,
  );
  it("builds the stages that the last one needs", () => {
    const { stages: needed, globals } = plan(stages, () => undefined);
    expect(needed.map(({ name, from }) => `${name}: ${from}`)).to.deep.equal([
      "base: node:24",
      "build: base",
      "3: scratch",
    ]);
    expect([...globals]).to.deep.equal([["BASE", "node:24"]]);
  });
  it("builds the stages that the target needs, from the base that is given", () => {
    const build = (name: string) => (name === "BASE" ? "acme/node:24" : undefined);
    const { stages: needed } = plan(stages, build, "test");
    expect(needed.map(({ name, from }) => `${name}: ${from}`)).to.deep.equal(["base: acme/node:24", "test: base"]);
    expect(() => plan(stages, build, "deploy")).to.throw('target stage "deploy" could not be found');
  });
  it("refuses instructions outside a stage", () => {
    expect(() => plan(parseDockerfile("RUN true"), () => undefined)).to.throw(/^line 1: RUN: no build stage/);
    expect(() => plan(parseDockerfile("# empty"), () => undefined)).to.throw("the Dockerfile has no FROM");
  });

  const patterns: [string, string[], string[]][] = [
    ["*.md", ["README.md", ".md"], ["docs/a.md", "README.mdx"]],
    ["docs/*", ["docs/a"], ["docs", "docs/a/b"]],
    ["**/*.log", ["a.log", "x/y/a.log"], ["a.log.gz"]],
    ["a?[bc]", ["a1b", "a.c"], ["ab", "a1d"]],
    ["dist/**", ["dist/a", "dist/a/b"], ["dist"]],
  ];
  for (const [pattern, matching, others] of patterns)
    it(`matches ${pattern}`, () => {
      for (const path of matching) expect(patternOf(pattern).test(path), path).to.equal(true);
      for (const path of others) expect(patternOf(pattern).test(path), path).to.equal(false);
    });

  it("leaves out what .dockerignore names, in its order", () => {
    const { ignores, exceptions } = parseIgnore("# files\n/node_modules/\n*.md\n!README.md\n.env*\n");
    const paths = ["node_modules", "node_modules/a/b.js", "NOTES.md", "README.md", ".env.local", "src/a.md"];
    expect(paths.filter(ignores)).to.deep.equal(["node_modules", "node_modules/a/b.js", "NOTES.md", ".env.local"]);
    expect(exceptions).to.equal(true);
  });

  it("reads references", () => {
    expect(parseReference("shop")).to.deep.equal({ registry: "", repository: "shop", tag: "latest" });
    expect(parseReference("localhost:5000/acme/shop:v1")).to.deep.equal({
      registry: "localhost:5000",
      repository: "acme/shop",
      tag: "v1",
    });
    expect(() => parseReference("acme/Shop")).to.throw("in lower case");
    expect(() => parseReference("shop@sha256:00")).to.throw("a tag is needed here");
  });
});
