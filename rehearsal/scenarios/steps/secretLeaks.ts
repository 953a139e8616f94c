import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { GetSecretValueResponse } from "@aws-sdk/client-secrets-manager";
import { expectSame, type Step } from "../scenario";
import type { ScenarioContext } from "../scenarioContext";
import { asOperator } from "./operator";

/** What nobody may be told. */
export interface Secrets {
  /** Brought from outside: tokens of a forge. */
  given: string[];
  /** Made by the program, which hands them to Secrets Manager and puts them out. */
  made: string[];
}

const SECRET = "aws:secretsmanager/secret:Secret";

/**
 * All that Secrets Manager holds just now, of secrets that hold several values each of them.
 * @param names of those that were there before the program
 */
export async function secretsOf(context: ScenarioContext, names: readonly string[] = []): Promise<Secrets> {
  const declared = context.stacks
    .flatMap(({ registrations }) => registrations)
    .filter(({ type }) => type === SECRET)
    .map(({ outputs }) => String(outputs.arn));
  const valuesOf = async (ids: readonly string[]) =>
    (await Promise.all(ids.map((id) => stored(context, id)))).flatMap(textsOf);
  return { given: await valuesOf(names), made: await valuesOf(declared) };
}

/** Empty where nobody has put one yet. */
async function stored(context: ScenarioContext, SecretId: string): Promise<string> {
  try {
    const { SecretString = "" } = await asOperator<GetSecretValueResponse>(
      context,
      "secretsmanager",
      "GetSecretValue",
      {
        SecretId,
      },
    );
    return SecretString;
  } catch (error) {
    if (error instanceof Error && error.name === "ResourceNotFoundException") return "";
    throw error;
  }
}

function textsOf(value: string): string[] {
  if (value === "") return [];
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "object" && parsed !== null) return Object.values(parsed).map(String);
  } catch {
    // The whole string is the secret.
  }
  return [value];
}

/** Whatever was said, declared or written since the account was opened and holds one of the secrets: where, not what. */
export async function leaksIn({ account, stacks }: ScenarioContext, { given, made }: Secrets): Promise<string[]> {
  const secrets = [...given, ...made];
  const registrations = stacks.flatMap((stack) => stack.registrations);
  return [
    ...account.events.filter(holding(secrets)).map(({ kind }) => `event ${kind}`),
    ...account.trail.filter(holding(secrets)).map((it) => `call ${it.service} ${it.operation}`),
    ...registrations.filter(holding(given)).map(({ urn }) => `resource ${urn}`),
    ...(await filesWith(account.directory, secrets)).map((file) => `file ${file}`),
  ];
}

const holding = (secrets: string[]) => {
  // As they stand in JSON, with what is escaped there.
  const texts = secrets.map((it) => JSON.stringify(it).slice(1, -1));
  return (value: object): boolean => {
    const text = JSON.stringify(value);
    return texts.some((it) => text.includes(it));
  };
};

/** Stored objects, work folders of functions, tasks and builds. */
async function filesWith(directory: string, secrets: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    // The folder of a build or a task may go while it is looked at.
    const content = await readFile(file, "latin1").catch(() => "");
    if (secrets.some((it) => content.includes(it))) found.push(path.relative(directory, file));
  }
  return found;
}

/** @param given tokens that were in use */
export const noSecretLeaks = (given: string[]): Step => ({
  title: "no log, event, declared resource or stored file contains a token",
  async run(context) {
    const { account, registrations } = context;
    expectSame("what holds a secret", await leaksIn(context, { ...(await secretsOf(context)), given }), []);
    return `${account.events.length} events, ${account.trail.length} calls, ${registrations.length} resources`;
  },
});
