import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** A handler's factory: creates its clients once per Lambda environment, and returns the handler. */
export type HandlerFactory<O> = (options: O) => (...event: never[]) => unknown;

const ROOT = path.resolve(__dirname, "../..");
/** Cache of serialised texts, in one folder per {@link fingerprint}. */
export const CACHE = path.join(ROOT, "node_modules/.cache/slipway");

// Computed once, because it reads all files of the handlers.
let folder: string | undefined;

// Applications share the text of a factory.
const texts = new Map<HandlerFactory<never>, Promise<string>>();

/** Content of `__index.js`: it exports as `handler` what the factory returns for the options in OPTIONS. */
export function serialize<O>(factory: HandlerFactory<O>): Promise<string> {
  const known = texts.get(factory);
  if (known !== undefined) return known;
  folder ??= path.join(CACHE, fingerprint(ROOT));
  const text = serializeOnce(factory, folder);
  texts.set(factory, text);
  return text;
}

/**
 * Serialising takes a third of the program's run time, and the same sources yield the same text, so it is cached
 * between runs.
 * @param folder for the current {@link fingerprint}; sibling folders are deleted when a text is added
 */
export async function serializeOnce<O>(factory: HandlerFactory<O>, folder: string): Promise<string> {
  // Hash the transpiled function: `pulumi up` and the tests may transpile it differently.
  const file = path.join(folder, `${digest(factory.toString())}.js`);
  const kept = readIfThere(file);
  if (kept !== undefined) return kept;
  const text = await serializeAnew(factory);
  keep(file, text);
  return text;
}

async function serializeAnew<O>(factory: HandlerFactory<O>): Promise<string> {
  const { text } = await pulumi.runtime.serializeFunction(() => factory(JSON.parse(process.env.OPTIONS ?? "")), {
    isFactoryFunction: true,
    exportName: "handler",
  });
  return lazily(byName(text));
}

/**
 * Pulumi requires the resolved file of a package, such as `@aws-sdk/client-s3/dist-cjs/index.js`. The SDK's layout in
 * the Lambda runtime may differ: only the package name is safe.
 */
const byName = (text: string): string => text.replaceAll(/require\("(@aws-sdk\/[^/"]+)\/[^"]+"\)/g, 'require("$1")');

/**
 * Loads an SDK client on first use. An SDK package adds about 10 ms to the cold start, and a factory only creates the
 * clients that its options need: most deploy functions do not need three of their six.
 */
function lazily(text: string): string {
  return LAZILY + text.replaceAll(/^(const \w+ = )(require\("@aws-sdk\/[^"]+"\));$/gm, "$1__lazily(() => $2);");
}

const LAZILY = `function __lazily(load) {
  let loaded;
  return new Proxy({}, { get: (_, name) => (loaded ??= load())[name] });
}
`;

/** What functions are serialised from, besides the handlers. */
const OTHERS = [
  "images/gitops-pr/pullRequestRecord.ts",
  "infra/lambda/serialization.ts",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.pulumi.json",
];

/** Hash of all inputs of a text: handlers, this file, transpiler settings, and versions of packages and Node.js. */
export function fingerprint(root: string): string {
  const handlers = readdirSync(path.join(root, "handlers"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join("handlers", file))
    .sort();
  const contents = [...handlers, ...OTHERS].map((file) => [file, readFileSync(path.join(root, file), "utf8")]);
  return digest(JSON.stringify([process.version, contents]));
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

function keep(file: string, text: string): void {
  const folder = path.dirname(file);
  const all = path.dirname(folder);
  try {
    mkdirSync(folder, { recursive: true });
    // Written under another name first, because a parallel run may read the file.
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
    for (const other of readdirSync(all))
      if (other !== path.basename(folder)) rmSync(path.join(all, other), { recursive: true, force: true });
  } catch (error) {
    // The installation folder may be read-only, or a newer run may have deleted this run's folder.
    pulumi.log.debug(`${file} is not kept: ${(error as Error).message}`);
  }
}
