import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClock } from "../../rehearsal/clock";
import { type Account, createCloud } from "../../rehearsal/cloud/cloud";
import type { Injector } from "../../rehearsal/cloud/injection";
import type { Cloud, Service } from "../../rehearsal/cloud/service";
import type { Registration } from "../../rehearsal/monitor";

export interface TestCloud extends Account {
  /** Declares a role that `service` may assume, with one inline policy of these statements; resolves with its ARN. */
  role(name: string, service: string, statements: object[]): Promise<string>;
  /** Constructor options of an SDK client that calls under the role. */
  clientOptions(service: string, roleArn: string): Promise<ClientOptions>;
  /** Declares a resource under a made-up URN, as the program would. */
  declare(type: string, name: string, inputs?: Record<string, unknown>): Promise<{ id: string; outputs: Outputs }>;
}

type Outputs = Record<string, unknown>;

interface ClientOptions {
  endpoint: string;
  region: string;
  maxAttempts: number;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
}

interface TestCloudOptions {
  speed?: number;
  region?: string;
  repeatsInvocations?: boolean;
  routesPerTable?: number;
  /** The seed of stale reads; every read shows the last write without one. */
  staleReads?: number | undefined;
  /** Decides which calls meet a fault. */
  injector?: Injector | undefined;
}

/**
 * An account with just these services, in a temporary folder, already open; `close` removes it.
 * @param speed simulated milliseconds for each real one; 0 (the default) leaves time to `clock.turn`.
 */
export async function createTestCloud(
  services: ((cloud: Cloud) => Service)[],
  {
    speed = 0,
    region = "us-east-1",
    repeatsInvocations = false,
    routesPerTable = 50,
    staleReads,
    injector,
  }: TestCloudOptions = {},
): Promise<TestCloud> {
  const directory = await mkdtemp(path.join(tmpdir(), "slipway-test-"));
  const clock = createClock(speed, Date.UTC(2026, 0, 5, 9, 0, 0));
  const account = createCloud({
    region,
    routesPerTable,
    clock,
    directory,
    services,
    repeatsInvocations,
    staleReads,
    injector,
  });
  await account.open();

  const declare: TestCloud["declare"] = async (type, name, inputs = {}) => {
    const urn = `urn:pulumi:test::slipway::${type}::${name}`;
    const { id, outputs } = await account.create({ urn, type, name, inputs });
    return { id, outputs: { ...inputs, ...outputs } };
  };

  return Object.assign(account, {
    declare,
    async role(name: string, service: string, statements: object[]) {
      const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } };
      const { outputs } = await declare("aws:iam/role:Role", name, {
        name,
        assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
      });
      const policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
      await declare("aws:iam/rolePolicy:RolePolicy", name, { name, role: name, policy });
      return String(outputs.arn);
    },
    async clientOptions(service: string, roleArn: string) {
      const credentials = await account.assumeRole(service, roleArn);
      return { endpoint: account.endpointUrl, region, maxAttempts: 1, credentials };
    },
    close: ((close) => async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    })(account.close),
  });
}

/** A custom resource as a program registers it. @param urn names its type and itself */
export function registrationOf(urn: string, more: Partial<Registration> = {}): Registration {
  const [type = "", name = ""] = urn.split("::").slice(2);
  return {
    urn,
    type,
    name,
    parent: "",
    kind: "custom",
    secrets: [],
    ignoreChanges: [],
    protect: false,
    aliases: [],
    dependencies: [],
    inputs: {},
    outputs: {},
    ...more,
  };
}
