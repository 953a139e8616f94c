import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** A handler's factory: makes its clients once for each Lambda environment, and returns what answers events. */
export type HandlerFactory<O> = (options: O) => (...event: never[]) => unknown;

const ROOT = path.resolve(__dirname, "../..");
/** Where texts are kept, each set in a folder named by its {@link fingerprint}. */
export const CACHE = path.join(ROOT, "node_modules/.cache/slipway");

// Read once: it takes every file of the handlers.
let folder: string | undefined;

// A factory's text is the same for every application.
const texts = new Map<HandlerFactory<never>, Promise<string>>();

/** The text of `__index.js`, whose `handler` is what the factory returns for the options in OPTIONS. */
export function serialize<O>(factory: HandlerFactory<O>): Promise<string> {
  const known = texts.get(factory);
  if (known !== undefined) return known;
  folder ??= path.join(CACHE, fingerprint(ROOT));
  const text = serializeOnce(factory, folder);
  texts.set(factory, text);
  return text;
}

/**
 * Serialising is a third of what the program takes, and yields the same text for the same sources: it is kept from one
 * evaluation to the next.
 * @param folder of this {@link fingerprint} alone; those beside it are removed when a text is added
 */
export async function serializeOnce<O>(factory: HandlerFactory<O>, folder: string): Promise<string> {
  // The function as it was transpiled: `pulumi up` and the tests may do that in different ways.
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
 * Pulumi requires the file that a package's name led to here, `@aws-sdk/client-s3/dist-cjs/index.js`. How the SDK is laid
 * out inside the Lambda runtime is Lambda's affair: there the name alone is sure to be found.
 */
const byName = (text: string): string => text.replaceAll(/require\("(@aws-sdk\/[^/"]+)\/[^"]+"\)/g, 'require("$1")');

/**
 * Loads an SDK client when the function first uses it. A package of the SDK takes about 10 ms of the cold start, and a factory makes
 * only the clients that its options need: most deploy functions have no use for three of their six.
 */
function lazily(text: string): string {
  return LAZILY + text.replaceAll(/^(const \w+ = )(require\("@aws-sdk\/[^"]+"\));$/gm, "$1__lazily(() => $2);");
}

const LAZILY = `function __lazily(load) {
  let loaded;
  return new Proxy({}, { get: (_, name) => (loaded ??= load())[name] });
}
`;

/** All that a text depends on: the handlers, this file, how they are transpiled, the versions of every package, and Node's. */
export function fingerprint(root: string): string {
  const handlers = readdirSync(path.join(root, "handlers"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join("handlers", file))
    .sort();
  const others = ["infra/lambda/serialization.ts", "package-lock.json", "tsconfig.json", "tsconfig.pulumi.json"];
  const contents = [...handlers, ...others].map((file) => [file, readFileSync(path.join(root, file), "utf8")]);
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
    // Renamed into its place: another evaluation may read at the same time.
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
    for (const other of readdirSync(all))
      if (other !== path.basename(folder)) rmSync(path.join(all, other), { recursive: true, force: true });
  } catch (error) {
    // Packages may be installed where nobody can write, or a newer evaluation may have removed this one's folder.
    pulumi.log.debug(`${file} is not kept: ${(error as Error).message}`);
  }
}
