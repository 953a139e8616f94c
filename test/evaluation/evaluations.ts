import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { evaluate, type Program } from "../../rehearsal/program";
import { RUNS } from "../../rehearsal/runs";
import { readValues } from "../../rehearsal/stackFile";
import type { Hosts } from "./hosts";
import { createProvider, type Place } from "./provider";
import { areUnchanged, type FilesRead } from "./warmHost";

export interface StackRequest extends Place {
  stack: string;
  /** Instead of the stack file's. */
  values?: Record<string, string> | undefined;
}

type WithValues = StackRequest & { values: Record<string, string> };

/** A program as it is kept, with what it was a function of besides the request. */
interface Kept {
  read: FilesRead;
  program: Program;
}

export interface Evaluations {
  /** @throws what the program was refused for: only programs that succeed are kept */
  program(request: StackRequest): Promise<Program>;
}

const KEPT_FOR = 7 * 24 * 60 * 60_000;

/** Programs by stack: each is evaluated once, and kept in the ignored folder for as long as no file changes that it has read. */
export function createEvaluations(
  root: string,
  hosts: Hosts,
  { folder = path.join(root, RUNS, "evaluations"), stackFiles = root } = {},
): Evaluations {
  const underWay = new Map<string, Promise<Program>>();
  const surroundings = describeSurroundings(root);
  const pruned = prune(folder);

  async function findOrEvaluate(request: WithValues, key: string): Promise<Program> {
    const file = path.join(folder, `${key}.json`);
    const kept = await find(file);
    if (kept !== undefined && (await areUnchanged(root, kept.read))) return kept.program;
    const anew = await evaluateStack(root, hosts, request);
    await keep(file, anew);
    // As the next reader gets it: without properties that are undefined.
    return JSON.parse(JSON.stringify(anew.program));
  }

  return {
    async program(request) {
      await pruned;
      const values = request.values ?? (await readValues(stackFiles, request.stack));
      const evaluated = { ...request, values };
      const key = sha256(JSON.stringify([await surroundings, evaluated]));
      const known = underWay.get(key) ?? findOrEvaluate(evaluated, key).finally(() => underWay.delete(key));
      underWay.set(key, known);
      return known;
    },
  };
}

async function evaluateStack(root: string, hosts: Hosts, { stack, values, ...place }: WithValues): Promise<Kept> {
  let read: FilesRead = {};
  const program = await evaluate({
    root,
    stack,
    values,
    ...createProvider(place),
    host: async (run) => {
      const answer = await hosts.run(run);
      read = answer.read;
      return answer;
    },
  });
  return { read, program };
}

/** What evaluates, besides the packages. */
const EVALUATION = ["program", "monitor", "propertyValue", "stackFile"].map((name) => `rehearsal/${name}.ts`);
const CONFIGURATION = ["package-lock.json", "Pulumi.yaml", "tsconfig.json", "tsconfig.pulumi.json"];

/** What every evaluation depends on: Node.js, the packages, how TypeScript is transpiled, and the code that evaluates. */
async function describeSurroundings(root: string): Promise<string> {
  const own = (await readdir(__dirname)).sort().map((name) => path.join(__dirname, name));
  const files = [...own, ...[...EVALUATION, ...CONFIGURATION].map((file) => path.join(root, file))];
  return sha256(JSON.stringify([process.version, await Promise.all(files.map((file) => readFile(file, "utf8")))]));
}

async function find(file: string): Promise<Kept | undefined> {
  try {
    const kept: Kept = JSON.parse(await readFile(file, "utf8"));
    const now = new Date();
    await utimes(file, now, now);
    return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function keep(file: string, kept: Kept): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  // Renamed into its place: another run of the tests may read at the same time.
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(kept));
  await rename(unfinished, file);
}

/** Removes what nobody has used for a week. */
async function prune(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (Date.now() - (await stat(file)).mtimeMs > KEPT_FOR) await rm(file, { force: true });
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
