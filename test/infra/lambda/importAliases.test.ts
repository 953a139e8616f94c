import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import ts from "typescript";
import { ROOT } from "../support";

const HANDLERS = path.join(ROOT, "handlers");
const REQUIRE = /\b(?:const|var) (\w+) = (?:tslib_\d+\.)?(?:__\w+\()?require\("([^"]+)"\)/g;

/** The modules of a file's compiled text, each with the identifier that the compiler gives it. */
function importsOf(file: string): { alias: string; module: string }[] {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2020, esModuleInterop: true };
  const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions });
  return [...outputText.matchAll(REQUIRE)].map(([, alias = "", specifier = ""]) => ({
    alias,
    module: specifier.startsWith(".") ? sourceOf(path.resolve(path.dirname(file), specifier)) : specifier,
  }));
}

const sourceOf = (module: string): string =>
  [`${module}.ts`, path.join(module, "index.ts")].find((it) => existsSync(it)) ?? module;

/** The packages that a function's code imports, by identifier. */
function packagesOf(entry: string): Map<string, Set<string>> {
  const packages = new Map<string, Set<string>>();
  const seen = new Set<string>();
  const pending = [entry];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { alias, module } of importsOf(file)) {
      if (path.isAbsolute(module)) pending.push(module);
      else packages.set(alias, (packages.get(alias) ?? new Set()).add(module.replace(/^node:/, "")));
    }
  }
  return packages;
}

// Pulumi finds a captured module by the identifier that the compiler gave it: of two with one identifier, such as
// `fs/promises` and `stream/promises`, both get the first.
describe("the packages that one function imports", () => {
  const functions = readdirSync(HANDLERS).filter((it) => existsSync(path.join(HANDLERS, it, "index.ts")));

  it("are found in every function's folder", () => {
    expect(functions).to.have.length(15);
    const fetch = packagesOf(path.join(HANDLERS, "fetch", "index.ts"));
    expect([...(fetch.get("client_s3_1") ?? [])]).to.deep.equal(["@aws-sdk/client-s3"]);
  });

  for (const name of functions)
    it(`have each an identifier of their own in ${name}`, () => {
      const packages = [...packagesOf(path.join(HANDLERS, name, "index.ts"))];
      const shared = packages.filter(([, modules]) => modules.size > 1);
      expect(shared.map(([alias, modules]) => `${alias}: ${[...modules].join(", ")}`)).to.deep.equal([]);
    });
});
