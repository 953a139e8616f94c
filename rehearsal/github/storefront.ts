import { createCipheriv } from "node:crypto";
import path from "node:path";
import { file, readFolder, type Snapshot } from "./files";
import type { RefUpdate, Repository } from "./repository";

/** The repository that the example application lives in, as the stack files name it. */
export const storefront = "acme/storefront";

const folder = path.join(__dirname, "../../examples/storefront");

/** What a version that cannot start begins with: it needs a variable that no stack declares, and no test notices. */
const crash = `const database = process.env.DATABASE_URL;
if (database === undefined) throw new Error("DATABASE_URL is not set");

`;

/** The first commit: the example application as it lies in the project, in a version. */
export async function importStorefront(repository: Repository, version: string): Promise<RefUpdate> {
  const example = await readFolder(folder);
  return repository.commit({ ...example, ...inVersion(example, version) }, `Release ${version}`);
}

/** A commit that changes the version, and mends what {@link commitCrash} broke. */
export async function commitVersion(repository: Repository, version: string, branch = "main"): Promise<RefUpdate> {
  const example = await readFolder(folder);
  return repository.commit(working(example, version), `Release ${version}`, branch);
}

/** A commit whose tests pass and whose server ends as soon as it starts. */
export async function commitCrash(repository: Repository, version: string): Promise<RefUpdate> {
  const example = await readFolder(folder);
  const server = file(crash + contentOf(example, "server.js"));
  return repository.commit(
    { ...inVersion(example, version), "server.js": server },
    `Release ${version}: ask the database`,
  );
}

/** A version with one file which does not compress, so that the archive is at least as large. */
export async function commitLarge(repository: Repository, version: string, bytes: number): Promise<RefUpdate> {
  const example = await readFolder(folder);
  const change = { ...working(example, version), "assets/catalogue.bin": file(noise(bytes)) };
  return repository.commit(change, `Release ${version}: the catalogue's pictures`);
}

function contentOf(snapshot: Snapshot, name: string): string {
  const entry = snapshot[name];
  if (!entry) throw new Error(`examples/storefront has no ${name}.`);
  return entry.content.toString();
}

function inVersion(example: Snapshot, version: string): Snapshot {
  const manifest = { ...JSON.parse(contentOf(example, "package.json")), version };
  return { "package.json": file(`${JSON.stringify(manifest, null, 2)}\n`) };
}

/** A version that starts, whatever the one before did. */
const working = (example: Snapshot, version: string): Snapshot => ({
  ...inVersion(example, version),
  "server.js": file(contentOf(example, "server.js")),
});

/** The same bytes in every run, and none that gzip could shorten: a cipher's key stream. */
function noise(bytes: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
