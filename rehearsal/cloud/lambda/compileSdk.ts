import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const project = path.resolve(__dirname, "../../..");

/** Loads every client, and one client's credentials, whose provider is loaded lazily. */
const script = (packages: string[]): string => `
const packages = ${JSON.stringify(packages)}.map((name) => require(name));
const { SQSClient } = packages.find((it) => "SQSClient" in it);
new SQSClient({ region: "us-east-1" }).config.credentials();
`;

const compiling = new Map<string, Promise<void>>();

/**
 * Compiles the SDK's clients once for all runs; function processes start from the result. They cannot fill the cache
 * themselves: Node.js writes it when a process exits by itself, and these are killed.
 * @param folder Node.js's compile cache
 */
export function compileSdk(folder: string): Promise<void> {
  const known = compiling.get(folder) ?? compile(folder);
  compiling.set(folder, known);
  return known;
}

async function compile(folder: string): Promise<void> {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(path.join(project, "package.json"), "utf8"),
  );
  const clients = Object.entries(dependencies).filter(([name]) => name.startsWith("@aws-sdk/client-"));
  const version = createHash("sha256")
    .update(JSON.stringify([process.version, clients]))
    .digest("hex");
  const marker = path.join(folder, `sdk-${version.slice(0, 16)}`);
  if (await exists(marker)) return;
  await mkdir(folder, { recursive: true });
  const credentials = { AWS_ACCESS_KEY_ID: "none", AWS_SECRET_ACCESS_KEY: "none" };
  await promisify(execFile)(process.execPath, ["-e", script(clients.map(([name]) => name))], {
    cwd: project,
    env: { NODE_COMPILE_CACHE: folder, ...credentials },
  });
  await writeFile(marker, "");
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
