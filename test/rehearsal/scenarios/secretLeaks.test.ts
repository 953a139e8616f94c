import { writeFile } from "node:fs/promises";
import path from "node:path";
import { assert } from "chai";
import { createSecretsManager } from "../../../rehearsal/cloud/secretsManager";
import type { Registration } from "../../../rehearsal/monitor";
import type { ScenarioContext } from "../../../rehearsal/scenarios/scenarioContext";
import { leaksIn, secretsOf } from "../../../rehearsal/scenarios/steps/secretLeaks";
import { createTestCloud, registrationOf, type TestCloud } from "../support";

const given = 'given "7c41"';
const made = "made-35b4";

const registration = (type: string, outputs: Record<string, unknown>): Registration =>
  registrationOf(`urn:pulumi:dev::slipway::${type}::it`, { outputs });

describe("rehearsal: secrets that are told", () => {
  let account: TestCloud;

  beforeEach(async () => {
    account = await createTestCloud([createSecretsManager]);
  });

  afterEach(() => account.close());

  const worldOf = (...registrations: Registration[]) =>
    ({ account, registrations, stacks: [{ registrations }] }) as unknown as ScenarioContext;
  const secrets = { given: [given], made: [made] };

  it("are found in events, resources and files, and not repeated", async () => {
    assert.deepEqual(await leaksIn(worldOf(), secrets), []);
    account.tell({ kind: "log", group: "g", stream: "s", line: `the token is ${given}` });
    account.tell({ kind: "api-request", api: "abc", method: "GET", path: `/?token=${made}`, status: 200 });
    await writeFile(path.join(account.directory, "archive.bin"), Buffer.from(`\u0000${made}\u0000`));
    const [harmless, leaking] = [registration("aws:a:A", { value: made }), registration("aws:b:B", { value: given })];
    assert.deepEqual(await leaksIn(worldOf(harmless, leaking), secrets), [
      "event log",
      "event api-request",
      "resource urn:pulumi:dev::slipway::aws:b:B::it",
      "file archive.bin",
    ]);
  });

  it("are what Secrets Manager holds: the whole string, or each value of an object", async () => {
    const operator = { kind: "operator" } as const;
    const create = (Name: string, SecretString?: string) =>
      account.call<object, { ARN: string }>(operator, "secretsmanager", "CreateSecret", { Name, SecretString });
    await create("outside", given);
    await create("empty");
    const { ARN: arn } = await create("inside", JSON.stringify({ token: made, other: "two" }));
    const context = worldOf(registration("aws:secretsmanager/secret:Secret", { arn }));
    assert.deepEqual(await secretsOf(context, ["outside", "empty"]), { given: [given], made: [made, "two"] });
  });
});
