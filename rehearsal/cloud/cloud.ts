import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../clock";
import { createToken } from "../loopback";
import { createConsistency } from "./consistency";
import { checkedError, checkRequest } from "./constraints";
import { type SentCall, startEndpoint } from "./endpoint";
import type { CloudEvent } from "./events";
import { createIam, type Iam, principalName } from "./iam";
import {
  type ArrivingCall,
  createEarlierAnswers,
  type FaultKind,
  type Injector,
  isInjected,
  performUnder,
} from "./injection";
import { serviceHost } from "./network/hosts";
import {
  type AnyOperation,
  awsError,
  type Cloud,
  type Created,
  type Declaration,
  isAwsError,
  type Origin,
  type Principal,
  type Service,
} from "./service";

export interface CloudOptions {
  /** A region of the global partition or of China. */
  region: string;
  /** Default: AWS's, 50. */
  routesPerTable?: number | undefined;
  clock: Clock;
  directory: string;
  /** Delivers each asynchronous invocation of a function twice. */
  repeatsInvocations?: boolean | undefined;
  /**
   * Makes reads of ECS stale for some seconds after writes, and returns some empty log pages, as AWS does; the seed
   * decides which. If undefined, every read shows the latest write.
   */
  staleReads?: number | undefined;
  /** Decides which calls get a fault; no call does without an injector. */
  injector?: Injector | undefined;
  /** The simulated services, each created for this account. */
  services: ((cloud: Cloud) => Service)[];
}

/** A call, its caller and its outcome. */
export interface TrailEntry {
  at: number;
  principal: string;
  service: string;
  operation: string;
  /** A call that an injected fault denied counts as failed: no policy denied it. */
  outcome: "succeeded" | "failed" | "denied";
  error?: string;
  /** The fault injected into the call. */
  fault?: FaultKind;
}

export interface Account extends Cloud {
  readonly iam: Iam;
  readonly trail: TrailEntry[];
  readonly events: CloudEvent[];
  /** Creates a declared resource. @throws for an unknown type */
  create(declaration: Declaration): Promise<Created>;
  /** Answers a data source of the program. @throws for an unknown token */
  invoke(token: string, inputs: Record<string, unknown>): Promise<object>;
  /** Opens the endpoint, then starts every service. Call once, before creating anything. */
  open(): Promise<void>;
  /** Starts pollers and rollouts, once everything is declared. */
  start(): Promise<void>;
  /** Stops everything that the account started. */
  close(): Promise<void>;
  onEvent(listener: (event: CloudEvent) => void): () => void;
}

const GLOBAL = { partition: "aws", dnsSuffix: "amazonaws.com" };
const CHINA = { partition: "aws-cn", dnsSuffix: "amazonaws.com.cn" };

export function createCloud(options: CloudOptions): Account {
  const events: CloudEvent[] = [];
  const listeners = new Set<(event: CloudEvent) => void>();
  const trail: TrailEntry[] = [];
  const sessions = new Map<string, { principal: Principal; origin: Origin | undefined }>();
  const services = new Map<string, Service>();
  let endpoint: { url: string; close(): Promise<void> } | undefined;

  const { partition, dnsSuffix } = options.region.startsWith("cn-") ? CHINA : GLOBAL;
  const scope = { accountId: "123456789012", region: options.region, partition };
  const arn: Cloud["arn"] = (service, resource, empty = {}) =>
    `arn:${scope.partition}:${service}:${empty.region ?? scope.region}:${empty.account ?? scope.accountId}:${resource}`;
  // Pulumi's auto-naming: seven hexadecimal digits after the logical name.
  const physicalName: Cloud["physicalName"] = (declaration, given) =>
    typeof given === "string"
      ? given
      : `${declaration.name}-${createHash("sha1").update(declaration.urn).digest("hex").slice(0, 7)}`;
  const iam = createIam({ ...scope, physicalName, arn });

  function serviceOf(name: string): Service {
    const service = services.get(name);
    if (service === undefined)
      throw awsError("NotSimulated", `${name} is not simulated: add rehearsal/cloud/${name}.ts.`, 501);
    return service;
  }

  function operationOf(service: Service, name: string): AnyOperation {
    const operation = service.operations[name];
    if (operation === undefined)
      throw awsError("NotSimulated", `${service.name}:${name} is not simulated: add it in rehearsal/cloud.`, 501);
    return operation;
  }

  const earlierAnswers = createEarlierAnswers();

  async function perform(caller: Principal, name: string, operationName: string, input: object, stale = false) {
    const service = serviceOf(name);
    const operation = operationOf(service, operationName);
    checkRequest(name, operationName, input);
    for (const permission of operation.permissions(input, { input, caller }))
      await iam.authorize(caller, permission, service.policyOf?.(permission.resource));
    if (!stale) {
      const output = await operation.perform(input, { input, caller });
      if (options.injector !== undefined) earlierAnswers.note(name, operationName, input, output);
      return { output };
    }
    const earlier = earlierAnswers.of(name, operationName, input);
    if (earlier !== undefined) return { output: earlier };
    const read = account.consistency.readStale(() => operation.perform(input, { input, caller }));
    return read.stale ? { output: await read.output } : undefined;
  }

  async function performInjected(caller: Principal, entry: TrailEntry, input: object, sent: SentCall) {
    const { service, operation } = entry;
    const arriving: ArrivingCall = {
      principal: entry.principal,
      service,
      operation,
      input,
      ...sent,
      hasEarlierAnswer: earlierAnswers.of(service, operation, input) !== undefined,
    };
    const performNow = async () => {
      const performed = await perform(caller, service, operation, input);
      options.injector?.performed?.(arriving);
      return performed?.output;
    };
    const fault = options.injector?.faultOf(arriving);
    if (fault === undefined) return performNow();
    entry.fault = fault.kind;
    return performUnder(fault, arriving, performNow, () => perform(caller, service, operation, input, true));
  }

  async function call(caller: Principal, name: string, operationName: string, input: object, sent: SentCall = {}) {
    const entry: TrailEntry = {
      at: options.clock.now(),
      principal: principalName(caller),
      service: name,
      operation: operationName,
      outcome: "succeeded",
    };
    trail.push(entry);
    try {
      return await performInjected(caller, entry, input, sent);
    } catch (thrown) {
      const error = isAwsError(thrown) ? checkedError(name, operationName, thrown) : thrown;
      const code = error instanceof Error ? error.name : "Error";
      entry.outcome = code.startsWith("AccessDenied") && !isInjected(thrown) ? "denied" : "failed";
      entry.error = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  function find<T>(what: string, key: string, tables: (Record<string, T> | undefined)[]): T {
    const found = tables.find((table) => table !== undefined && Object.hasOwn(table, key))?.[key];
    if (found === undefined) throw new Error(`${what} ${key} is not simulated: no service of the rehearsal knows it.`);
    return found;
  }

  const account: Account = {
    ...scope,
    dnsSuffix,
    routesPerTable: options.routesPerTable ?? 50,
    clock: options.clock,
    directory: options.directory,
    token: createToken(),
    get endpointUrl() {
      if (endpoint === undefined) throw new Error("The account is not open yet: call open() first.");
      return endpoint.url;
    },
    repeatsInvocations: options.repeatsInvocations ?? false,
    consistency: createConsistency(options.staleReads),
    addresses: new Map(),
    iam,
    trail,
    events,
    arn,
    physicalName,
    id: (length = 32) =>
      randomBytes(Math.ceil(length / 2))
        .toString("hex")
        .slice(0, length),
    simulates: (service) => services.has(service),
    call: call as Cloud["call"],
    roleOfProfile: iam.roleOfProfile,
    async assumeRole(service, roleArn, origin) {
      await iam.assume(service, roleArn);
      const accessKeyId = `ASIA${randomBytes(8).toString("hex").toUpperCase()}`;
      sessions.set(accessKeyId, { principal: { kind: "role", arn: roleArn, context: origin?.context }, origin });
      return {
        accessKeyId,
        secretAccessKey: randomBytes(20).toString("hex"),
        sessionToken: randomBytes(20).toString("hex"),
      };
    },
    tell(event) {
      events.push(event);
      for (const listener of [...listeners]) listener(event);
    },
    until: (accept) =>
      new Promise((resolve) => {
        const stop = account.onEvent((event) => {
          if (!accept(event)) return;
          stop();
          resolve(event);
        });
      }),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    create: async (declaration) =>
      find("The resource type", declaration.type, [iam.resources, ...[...services.values()].map((it) => it.resources)])(
        declaration,
      ),
    invoke: async (token, inputs) =>
      find("The data source", token, [
        { ...callerInvokes(account) },
        ...[...services.values()].map((it) => it.invokes),
      ])(inputs),
    async open() {
      endpoint = await startEndpoint({
        service: serviceOf,
        now: options.clock.now,
        principalOf: (accessKeyId) => sessions.get(accessKeyId)?.principal,
        senderOf: (accessKeyId) => sessions.get(accessKeyId)?.origin?.sender,
        admits: (accessKeyId, service) =>
          sessions.get(accessKeyId)?.origin?.connects(serviceHost(account, service)) ?? true,
        call,
      });
    },
    async start() {
      for (const service of services.values()) await service.start?.();
    },
    async close() {
      for (const service of services.values()) await service.stop?.();
      options.clock.stop();
      await endpoint?.close();
    },
  };
  for (const create of options.services) {
    const service = create(account);
    services.set(service.name, service);
  }
  return account;
}

/** The data sources about the program's caller and region. */
function callerInvokes(cloud: Cloud): NonNullable<Service["invokes"]> {
  return {
    "aws:index/getCallerIdentity:getCallerIdentity": () => ({
      id: cloud.accountId,
      accountId: cloud.accountId,
      arn: cloud.arn("iam", "user/operator", { region: "" }),
      userId: "AIDAOPERATOR",
    }),
    "aws:index/getRegion:getRegion": () => ({ id: cloud.region, region: cloud.region, name: cloud.region }),
    "aws:index/getPartition:getPartition": () => ({
      id: cloud.partition,
      partition: cloud.partition,
      dnsSuffix: cloud.dnsSuffix,
      reverseDnsPrefix: cloud.dnsSuffix.split(".").reverse().join("."),
    }),
  };
}
