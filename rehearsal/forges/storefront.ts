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

/** The example's schedules, but that one has another name and the other is gone. */
export const renamedSchedules = `timeZone: UTC
schedules:
  - name: sales-report
    cron: 0 3 * * ? *
    command: [node, report.js, sales]
`;

/** Schedules of which none may be put: the first is as it should be, the others have a mistake each. */
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

/** A commit of the example application in a version; the first one too. It repairs what earlier commits broke. */
export async function commitVersion(repository: Repository, version: string, branch = "main"): Promise<RefUpdate> {
  const example = await readFolder(folder);
  return repository.commit(working(example, version), `Release ${version}`, branch);
}

/** A version that differs from the example in some files. What earlier commits broke is repaired. */
async function commitChanged(
  repository: Repository,
  version: string,
  why: string,
  change: (example: Snapshot) => Snapshot,
): Promise<RefUpdate> {
  const example = await readFolder(folder);
  return repository.commit({ ...working(example, version), ...change(example) }, `Release ${version}: ${why}`);
}

/** Taken out where it would find out, before the version is built. */
const programsTest = "test/programs.test.js";

/** A version whose tests pass and whose server ends as soon as it starts. */
export const commitCrash = (repository: Repository, version: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "ask the database", (example) => ({
    "server.js": file(crash + contentOf(example, "server.js")),
  }));

/** A version whose tests pass and whose worker ends as soon as it starts. */
export const commitWorkerCrash = (repository: Repository, version: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "the worker asks the database", (example) => ({
    "worker.js": file(crash + contentOf(example, "worker.js")),
    [programsTest]: null,
  }));

/** A version with a buildspec of its own that pushes its image over an environment's and a released version's, and fails. */
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

/** A version whose migration does its steps, then says that a column is missing, and ends with exit code 3. */
export const commitFailingMigration = (repository: Repository, version: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "drop the old price", (example) => ({
    "migrate.js": file(`${contentOf(example, "migrate.js")}
console.error("column products.old_price does not exist");
process.exitCode = 3;
`),
    [programsTest]: null,
  }));

/** A version whose migration takes so many seconds of real time before it does its steps. */
export const commitSlowMigration = (repository: Repository, version: string, seconds: number): Promise<RefUpdate> =>
  commitChanged(repository, version, "move every order", (example) => ({
    "migrate.js": file(`setTimeout(() => {
${contentOf(example, "migrate.js")}}, ${seconds * 1000});
`),
    [programsTest]: null,
  }));

/** A version with schedules of its own. */
export const commitSchedules = (repository: Repository, version: string, schedules: string): Promise<RefUpdate> =>
  commitChanged(repository, version, "other schedules", () => ({ "schedules.yaml": file(schedules) }));

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

/** What commits of scenarios add, and the example does not have. */
const added = ["buildspec.yml"];

/** The whole example, so that it also starts as the first commit. */
const working = (example: Snapshot, version: string): Snapshot => ({
  ...example,
  ...inVersion(example, version),
  ...Object.fromEntries(added.map((name) => [name, null])),
});

/** The same bytes in every run, and none that gzip could shorten: a cipher's key stream. */
function noise(bytes: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
