import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expectEqual, expectSame, type Step } from "./scenario";
import type { World } from "./world";

/** What nobody may be told. */
export interface Told {
  /** Brought from outside: tokens of a forge. */
  given: string[];
  /** Made by the program, which hands them to Secrets Manager and puts them out, and otherwise keeps them. */
  made?: string[];
}

/** Every file that the run has written and that holds one: stored objects, work folders of functions, tasks and builds. */
async function filesWith({ account }: World, secrets: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(account.directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    // The folder of a build or a task may go while it is looked at.
    const content = await readFile(file, "latin1").catch(() => "");
    if (secrets.some((it) => content.includes(it))) found.push(path.relative(account.directory, file));
  }
  return found;
}

/** Whatever was said, declared or written since the account was opened holds none of the secrets. */
export const toldNowhere = (title: string, secretsOf: (world: World) => Told): Step => ({
  title,
  async run(world) {
    const { account, registrations } = world;
    const { given, made = [] } = secretsOf(world);
    const secrets = [...given, ...made];
    const holding = (all: readonly object[], wanted: string[]) =>
      all.map((it) => JSON.stringify(it)).filter((text) => wanted.some((it) => text.includes(it))).length;
    expectEqual("events and log lines that hold a secret", holding(account.events, secrets), 0);
    expectEqual("calls that hold a secret", holding(account.trail, secrets), 0);
    expectEqual("resources that hold a secret", holding(registrations, given), 0);
    expectSame("files that hold a secret", await filesWith(world, secrets), []);
    return `${account.events.length} events, ${account.trail.length} calls, ${registrations.length} resources`;
  },
});
