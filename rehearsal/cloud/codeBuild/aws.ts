import type { ECRClient } from "@aws-sdk/client-ecr";
import type { S3Client } from "@aws-sdk/client-s3";

// The stand-in for the AWS CLI in builds: the commands that buildspecs of slipway use, through the SDK, with the
// credentials, region and endpoint of the environment. Each client is loaded only where its command runs.

/** What the CLI exits with for a command or an option that it does not know. */
const usageError = 252;
/** What the CLI exits with where the service answers with an error. */
const serviceError = 254;

type Options = Record<string, string>;

interface Command {
  options: string[];
  run(options: Options): Promise<string>;
}

const commands: Record<string, Command> = {
  "ecr get-login-password": { options: ["region"], run: getLoginPassword },
  "s3api head-object": { options: ["bucket", "key", "version-id", "query", "output", "region"], run: headObject },
};

async function getLoginPassword({ region }: Options): Promise<string> {
  const ecr = await import("@aws-sdk/client-ecr");
  const client: ECRClient = new ecr.ECRClient({ region });
  const { authorizationData } = await client.send(new ecr.GetAuthorizationTokenCommand({}));
  const token = authorizationData?.[0]?.authorizationToken ?? "";
  return Buffer.from(token, "base64").toString().replace(/^AWS:/, "");
}

async function headObject({ bucket, key, region, query, output, ...options }: Options): Promise<string> {
  const s3 = await import("@aws-sdk/client-s3");
  const client: S3Client = new s3.S3Client({ region });
  const input = { Bucket: bucket, Key: key, VersionId: options["version-id"] };
  const { $metadata, ...head } = await client.send(new s3.HeadObjectCommand(input));
  return print(select(head, query), output);
}

/** The part of JMESPath that names a field of a field: `Metadata.commit`. */
function select(value: unknown, query: string | undefined): unknown {
  if (query === undefined) return value;
  if (!/^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$/.test(query)) throw usage(`--query ${query} is not simulated`);
  return query
    .split(".")
    .reduce<unknown>((found, field) => (found as Record<string, unknown> | null | undefined)?.[field], value);
}

/** As text the CLI prints None for what is not there. */
function print(value: unknown, output = "json"): string {
  if (output === "text" && (typeof value !== "object" || value === null)) return String(value ?? "None");
  if (output === "json") return JSON.stringify(value ?? null, null, 4);
  throw usage(`--output ${output} of this is not simulated`);
}

function parse(words: string[]): { command: Command; options: Options } {
  const name = words.slice(0, 2).join(" ");
  const command = commands[name];
  if (command === undefined)
    throw usage(`aws ${name} is not simulated: the rehearsal has ${Object.keys(commands).join(" and ")}`);
  const options: Options = {};
  const rest = words.slice(2);
  while (rest.length > 0) {
    const [option = "", value] = rest.splice(0, 2);
    if (!option.startsWith("--") || !command.options.includes(option.slice(2)) || value === undefined)
      throw usage(`aws ${name} ${option} ${value ?? ""} is not simulated`);
    options[option.slice(2)] = value;
  }
  return { command, options };
}

function usage(message: string): Error {
  return Object.assign(new Error(message), { exitCode: usageError });
}

async function main(): Promise<void> {
  const { command, options } = parse(process.argv.slice(2));
  process.stdout.write(`${await command.run(options)}\n`);
}

main().catch((error: Error & { exitCode?: number }) => {
  process.stderr.write(
    `\n${error.exitCode === undefined ? `An error occurred (${error.name}): ` : ""}${error.message}\n`,
  );
  process.exitCode = error.exitCode ?? serviceError;
});
