import type { Call } from "./programServer";

// Each client is loaded only when its command runs.

/** The CLI's exit code for an unknown command or option. */
const usageError = 252;
/** The CLI's exit code if the service returns an error. */
const serviceError = 254;

type Options = Record<string, string>;

/** How SDK clients are created and used. */
interface Session {
  settings: ReturnType<typeof settingsFrom>;
  abortSignal: AbortSignal;
}

interface Command {
  options: string[];
  /** Options without a value. */
  flags?: string[];
  run(options: Options, session: Session): Promise<string>;
}

const commands: Record<string, Command> = {
  "dynamodb get-item": {
    options: ["table-name", "key", "query", "output", "region"],
    flags: ["consistent-read"],
    run: getItem,
  },
  "ecr batch-get-image": {
    options: ["repository-name", "image-ids", "accepted-media-types", "query", "output", "region"],
    run: batchGetImage,
  },
  "ecr get-login-password": { options: ["region"], run: getLoginPassword },
  "s3api head-object": { options: ["bucket", "key", "version-id", "query", "output", "region"], run: headObject },
};

async function getLoginPassword(_: Options, { settings, abortSignal }: Session): Promise<string> {
  const ecr = await import("@aws-sdk/client-ecr");
  const client = new ecr.ECRClient(settings);
  const { authorizationData } = await client.send(new ecr.GetAuthorizationTokenCommand({}), { abortSignal });
  const token = authorizationData?.[0]?.authorizationToken ?? "";
  return Buffer.from(token, "base64").toString().replace(/^AWS:/, "");
}

async function batchGetImage(
  { query, output, ...options }: Options,
  { settings, abortSignal }: Session,
): Promise<string> {
  const ecr = await import("@aws-sdk/client-ecr");
  const client = new ecr.ECRClient(settings);
  const [, imageTag] = /^imageTag=(.+)$/.exec(options["image-ids"] ?? "") ?? [];
  if (imageTag === undefined) throw usage(`--image-ids ${options["image-ids"]} is not simulated: only imageTag=… is`);
  const acceptedMediaTypes = parsed<string[]>(options["accepted-media-types"]);
  const input = { repositoryName: options["repository-name"], imageIds: [{ imageTag }], acceptedMediaTypes };
  const { $metadata, ...answer } = await client.send(new ecr.BatchGetImageCommand(input), { abortSignal });
  return print(select(answer, query), output);
}

async function getItem({ query, output, ...options }: Options, { settings, abortSignal }: Session): Promise<string> {
  const dynamodb = await import("@aws-sdk/client-dynamodb");
  const client = new dynamodb.DynamoDBClient(settings);
  const input = {
    TableName: options["table-name"],
    Key: parsed<Record<string, { S: string }>>(options.key),
    ConsistentRead: options["consistent-read"] !== undefined,
  };
  const { $metadata, ...answer } = await client.send(new dynamodb.GetItemCommand(input), { abortSignal });
  return print(select(answer, query), output);
}

function parsed<T>(json: string | undefined): T | undefined {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch (error) {
    throw usage(`${json} is no JSON: ${(error as Error).message}`);
  }
}

async function headObject({ bucket, key, query, output, ...options }: Options, { settings, abortSignal }: Session) {
  const s3 = await import("@aws-sdk/client-s3");
  const client = new s3.S3Client(settings);
  const input = { Bucket: bucket, Key: key, VersionId: options["version-id"] };
  const { $metadata, ...head } = await client.send(new s3.HeadObjectCommand(input), { abortSignal });
  return print(select(head, query), output);
}

/** The subset of JMESPath with fields of fields and list entries: `images[0].imageId`. */
function select(value: unknown, query: string | undefined): unknown {
  if (query === undefined) return value;
  if (!/^[A-Za-z0-9_]+(\[\d+\])?(\.[A-Za-z0-9_]+(\[\d+\])?)*$/.test(query))
    throw usage(`--query ${query} is not simulated`);
  return query
    .split(/[.[\]]+/)
    .filter((field) => field !== "")
    .reduce<unknown>((found, field) => (found as Record<string, unknown> | null | undefined)?.[field], value);
}

/** As text, the CLI prints None for missing values. */
function print(value: unknown, output = "json"): string {
  if (output === "text" && (typeof value !== "object" || value === null)) return String(value ?? "None");
  if (output === "json") return JSON.stringify(value ?? null, null, 4);
  throw usage(`--output ${output} of this is not simulated`);
}

function parse(words: string[]): { command: Command; options: Options } {
  const name = words.slice(0, 2).join(" ");
  const command = commands[name];
  if (command === undefined)
    throw usage(`aws ${name} is not simulated: the rehearsal has ${Object.keys(commands).join(", ")}`);
  const options: Options = {};
  const rest = words.slice(2);
  while (rest.length > 0) {
    if (command.flags?.includes(rest[0]?.slice(2) ?? "")) {
      options[String(rest.shift()).slice(2)] = "";
      continue;
    }
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

function settingsFrom(environment: Record<string, string>, { region }: Options) {
  return {
    // Only the build's: otherwise the SDK reads the rest from this machine's environment and configuration.
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    maxAttempts: 3,
    retryMode: "standard",
    // A command makes one request.
    requestHandler: { httpAgent: { keepAlive: false } },
    region: region ?? environment.AWS_REGION,
    endpoint: environment.AWS_ENDPOINT_URL,
    credentials: {
      accessKeyId: String(environment.AWS_ACCESS_KEY_ID),
      secretAccessKey: String(environment.AWS_SECRET_ACCESS_KEY),
      sessionToken: environment.AWS_SESSION_TOKEN,
    },
  };
}

/**
 * The stand-in for the AWS CLI in builds. Supports the commands of slipway's buildspecs through the SDK, with the
 * credentials, region and endpoint of the environment.
 */
export async function aws({ args, environment, signal, print: printLine, complain }: Call): Promise<number> {
  try {
    const { command, options } = parse(args);
    printLine(await command.run(options, { settings: settingsFrom(environment, options), abortSignal: signal }));
    return 0;
  } catch (caught) {
    const { name, message, exitCode } = caught as Error & { exitCode?: number };
    complain(`\n${exitCode === undefined ? `An error occurred (${name}): ` : ""}${message}`);
    return exitCode ?? serviceError;
  }
}
