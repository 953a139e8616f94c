import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { commitVersion, importStorefront } from "../forges/storefront";
import { asOperator } from "./operator";
import { expectEqual, expectSame, type Step } from "./scenario";
import { addWebhook, answers, delivers, push } from "./steps";
import type { World } from "./world";

/** The secret that a stack's settings name. */
export const secret = "acme/forge-token";

/** Tokens that are in use one after the other. */
const tokens = ["gh-first-8f1c27e0b4a94d6f", "gh-second-52d9e6137ab84c0e"];

/** From now on the repository is read with another token alone, which the secret holds. */
const opensWith = (position: number, title: string): Step => ({
  title,
  async run(world) {
    const SecretString = String(tokens[position]);
    await asOperator(world, "secretsmanager", "PutSecretValue", { SecretId: secret, SecretString });
    world.forges.protect(world.repository, SecretString);
    return secret;
  },
});

/** Those that hold one of the tokens. */
const leaking = (texts: string[]): string[] => texts.filter((text) => tokens.some((token) => text.includes(token)));

/** Every file that the run has written: stored objects, work folders of functions and builds. */
async function leakingFiles({ account }: World): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(account.directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    // A build's folder may go while it is looked at.
    const content = await readFile(file, "latin1").catch(() => "");
    if (leaking([content]).length > 0) found.push(path.relative(account.directory, file));
  }
  return found;
}

const toldNowhere: Step = {
  title: "no log, event, declared resource or stored file holds a token",
  async run(world) {
    const { account, registrations } = world;
    const texts = (all: readonly object[]) => all.map((it) => JSON.stringify(it));
    expectEqual("events and log lines that hold a token", leaking(texts(account.events)).length, 0);
    expectEqual("calls that hold a token", leaking(texts(account.trail)).length, 0);
    expectEqual("resources that hold a token", leaking(texts(registrations)).length, 0);
    expectSame("files that hold a token", await leakingFiles(world), []);
    return `${account.events.length} events, ${account.trail.length} calls, ${registrations.length} resources`;
  },
};

/** Two versions of a private repository, the second one after the token was changed. */
export const withToken: Step[] = [
  opensWith(0, "the repository is private, and the operator puts its token into Secrets Manager"),
  addWebhook,
  push("version 1.0.0 is pushed", (repository) => importStorefront(repository, "1.0.0")),
  delivers,
  answers("1.0.0"),
  opensWith(1, "the token is replaced by another, at the forge and in Secrets Manager"),
  push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
  delivers,
  answers("2.0.0"),
  toldNowhere,
];
