import { createCipheriv } from "node:crypto";
import path from "node:path";
import { file, readFolder, type Snapshot } from "./files";
import type { RefUpdate, Repository } from "./repository";

/** The example application's repository, as named in the stack files. */
export const storefront = "acme/storefront";

const folder = path.join(__dirname, "../../examples/storefront");

/** Start of a version that cannot start: it needs a variable that no stack declares, which no test notices. */
const crash = `const database = process.env.DATABASE_URL;
if (database === undefined) throw new Error("DATABASE_URL is not set");

`;

/** The example's schedules, with one renamed and the other removed. */
export const renamedSchedules = `timeZone: UTC
schedules:
  - name: sales-report
    cron: 0 3 * * ? *
    command: [node, report.js, sales]
`;

/** Schedules that must all be rejected: the first is valid, each of the others has an error. */
export const wrongSchedules = `timeZone: UTC
schedules:
  - name: daily-report
    cron: 0 4 * * ? *
    command: [node, report.js, sales]
  - name: stock
    cron: 0 3 * * *
    command: [node, report.js, stock]
  - name: weekly
    rate: 1 weeks
    command: node report.js sales
`;

/** A commit of the example application in a version, also as the first commit. Undoes the damage of earlier commits. */
export async function commitVersion(repository: Repository, version: string, branch = "main"): Promise<RefUpdate> {
  const example = await readFolder(folder);
  return repository.commit(working(example, version), `Release ${version}`, branch);
}

/** A version that differs from the example in some files. Undoes the damage of earlier commits. */
async function commitChanged(
  repository: Repository,
  version: string,
  why: string,
  change: (example: Snapshot) => Snapshot,
): Promise<RefUpdate> {
  const example = await readFolder(folder);
  return repository.commit({ ...working(example, version), ...change(example) }, `Release ${version}: ${why}`);
}

/** Removed if it would detect the error before the version is built. */
const programsTest = "test/programs.test.js";

/** A version whose tests pass and whose server exits at startup. */
export const commitCrash = (repository: Repository, version: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "ask the database", (example) => ({
    "server.js": file(crash + contentOf(example, "server.js")),
  }));

/** A version whose tests pass and whose worker exits at startup. */
export const commitWorkerCrash = (repository: Repository, version: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "the worker asks the database", (example) => ({
    "worker.js": file(crash + contentOf(example, "worker.js")),
    [programsTest]: null,
  }));

/** A version whose own buildspec moves the tags of an environment and a released version to its image, and fails. */
export const commitForgery = (repository: Repository, version: string, released: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "a build of its own", () => ({
    "buildspec.yml": file(`version: 0.2
env: { shell: bash }
phases:
  build:
    commands:
      - aws ecr get-login-password | docker login --username AWS --password-stdin "\${IMAGE_REPOSITORY%%/*}"
      - docker build --tag "$IMAGE_REPOSITORY:${released}" .
      - if docker push "$IMAGE_REPOSITORY:${released}"; then echo "${released} is overwritten"; fi
      - docker build --tag "$IMAGE_REPOSITORY:dev" .
      - docker push "$IMAGE_REPOSITORY:dev"
      - "false"
`),
  }));

/** A version whose migration performs its steps, then reports a missing column and exits with code 3. */
export const commitFailingMigration = (repository: Repository, version: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "drop the old price", (example) => ({
    "migrate.js": file(`${contentOf(example, "migrate.js")}
console.error("column products.old_price does not exist");
process.exitCode = 3;
`),
    [programsTest]: null,
  }));

/** A version whose migration first takes this many seconds of real time. */
export const commitSlowMigration = (repository: Repository, version: string, seconds: number): Promise<RefUpdate> =>
  commitChanged(repository, version, "move every order", (example) => ({
    "migrate.js": file(`setTimeout(() => {
${contentOf(example, "migrate.js")}}, ${seconds * 1000});
`),
    [programsTest]: null,
  }));

/** A version with its own schedules. */
export const commitSchedules = (repository: Repository, version: string, schedules: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "other schedules", () => ({ "schedules.yaml": file(schedules) }));

/** A version with one incompressible file, so that the archive is at least as large. */
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

/** Files added by scenarios' commits but not in the example. */
const added = ["buildspec.yml"];

/** The whole example, so that it also works as the first commit. */
const working = (example: Snapshot, version: string): Snapshot => ({
  ...example,
  ...inVersion(example, version),
  ...Object.fromEntries(added.map((name) => [name, null])),
});

/** The same incompressible bytes in every run: a cipher's key stream. */
function noise(bytes: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
