import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { type LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import {
  type RegisterResourceOutputsRequest,
  type RegisterResourceRequest,
  RegisterResourceResponse,
  type ResourceInvokeRequest,
  ResourceInvokeResponse,
  type SupportsFeatureRequest,
  SupportsFeatureResponse,
} from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Created, Declaration } from "./cloud/service";
import { asSecret, fromWire, holdsSecret } from "./propertyValue";

/** A resource as the program registered it, and what it became. */
export interface Registration extends Declaration {
  /** URN of the parent; the stack has none. */
  parent: string;
  /** Custom resources have a provider; components group others; remote components are made by their plugin. */
  kind: "custom" | "component" | "remote";
  /** Top-level properties that the engine would encrypt in the state. */
  secrets: string[];
  ignoreChanges: string[];
  /** Whether the engine refuses to delete or replace it. */
  protect: boolean;
  /** URNs that it had before. */
  aliases: string[];
  /** URNs of what has to be made before. */
  dependencies: string[];
  outputs: Record<string, unknown>;
}

export interface MonitorOptions {
  project: string;
  stack: string;
  create(declaration: Declaration): Promise<Created>;
  invoke(token: string, inputs: Record<string, unknown>): Promise<object>;
}

const STACK = "pulumi:pulumi:Stack";
// Features that change what the program sends; the others concern updates of existing stacks.
const FEATURES = new Set(["secrets", "aliasSpecs", "deletedWith", "replaceWith"]);

/**
 * The part of Pulumi's engine that a program talks to: a resource monitor, whose provider is `options.create`. Refuses,
 * as the engine does, two resources of one URN.
 */
export function createMonitor(options: MonitorOptions) {
  const registrations = new Map<string, Registration>();
  const errors: string[] = [];
  let refusal: Error | undefined;
  const warnings: string[] = [];
  let outputs: Record<string, unknown> = {};
  let secretOutputs: string[] = [];

  function urnOf(request: RegisterResourceRequest): string {
    // The stack is no part of a qualified type; every other parent is.
    const parent = registrations.get(request.getParent());
    const parentType = parent === undefined || parent.type === STACK ? "" : `${parent.urn.split("::")[2]}$`;
    return `urn:pulumi:${options.stack}::${options.project}::${parentType}${request.getType()}::${request.getName()}`;
  }

  /** Does it, and remembers the first failure of all: what the program logs of it buries the message. */
  async function remembering<T>(type: string, name: string, act: () => T | Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const subject = name === "" ? type : `${name} [${type}]`;
      const prefix = `${type} ${name}: `;
      refusal ??= new Error(`${subject}: ${message.startsWith(prefix) ? message.slice(prefix.length) : message}`, {
        cause,
      });
      throw cause;
    }
  }

  async function register(request: RegisterResourceRequest): Promise<RegisterResourceResponse> {
    const urn = urnOf(request);
    if (registrations.has(urn)) throw new Error(`Duplicate resource URN '${urn}'; try giving it a unique name`);
    const wire = (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>;
    const registration: Registration = {
      urn,
      type: request.getType(),
      name: request.getName(),
      parent: request.getParent(),
      kind: request.getRemote() ? "remote" : request.getCustom() ? "custom" : "component",
      inputs: fromWire(wire) as Record<string, unknown>,
      secrets: [
        ...Object.keys(wire).filter((key) => holdsSecret(wire[key])),
        ...request.getAdditionalsecretoutputsList(),
      ],
      ignoreChanges: request.getIgnorechangesList(),
      protect: request.getProtect() === true,
      aliases: request.getAliasesList().flatMap((it) => it.getUrn() || []),
      dependencies: request.getDependenciesList(),
      outputs: {},
    };
    registrations.set(urn, registration);
    const response = new RegisterResourceResponse();
    response.setUrn(urn);
    if (registration.kind !== "component") {
      const created = await options.create(registration);
      registration.outputs = { ...registration.inputs, ...created.outputs };
      response.setId(created.id);
      const sealed = Object.entries({ ...wire, ...created.outputs }).map(([key, value]) => [
        key,
        registration.secrets.includes(key) && !holdsSecret(value) ? asSecret(value) : value,
      ]);
      response.setObject(Struct.fromJavaScript(json(Object.fromEntries(sealed))));
    }
    return response;
  }

  async function invoke(request: ResourceInvokeRequest): Promise<ResourceInvokeResponse> {
    const inputs = fromWire(request.getArgs()?.toJavaScript() ?? {}) as Record<string, unknown>;
    const response = new ResourceInvokeResponse();
    response.setReturn(Struct.fromJavaScript(json(await options.invoke(request.getTok(), inputs))));
    return response;
  }

  function registerOutputs(request: RegisterResourceOutputsRequest): Empty {
    const registration = registrations.get(request.getUrn());
    const wire = (request.getOutputs()?.toJavaScript() ?? {}) as Record<string, unknown>;
    if (registration?.type === STACK) {
      outputs = fromWire(wire) as Record<string, unknown>;
      secretOutputs = Object.keys(wire).filter((key) => holdsSecret(wire[key]));
    }
    return new Empty();
  }

  function log(request: LogRequest): Empty {
    if (request.getSeverity() === LogSeverity.ERROR) errors.push(request.getMessage().trim());
    if (request.getSeverity() === LogSeverity.WARNING) warnings.push(request.getMessage().trim());
    return new Empty();
  }

  function supports(request: SupportsFeatureRequest): SupportsFeatureResponse {
    const response = new SupportsFeatureResponse();
    response.setHassupport(FEATURES.has(request.getId()));
    return response;
  }

  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceMonitorService, {
    supportsFeature: unary(supports),
    registerResource: unary((request: RegisterResourceRequest) =>
      remembering(request.getType(), request.getName(), () => register(request)),
    ),
    registerResourceOutputs: unary(registerOutputs),
    invoke: unary((request: ResourceInvokeRequest) => remembering(request.getTok(), "", () => invoke(request))),
    signalAndWaitForShutdown: unary(() => new Empty()),
  });
  server.addService(EngineService, { log: unary(log) });

  return {
    /** Opens a free loopback port. */
    listen: () =>
      new Promise<string>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
          error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
        ),
      ),
    close: () => server.forceShutdown(),
    errors,
    warnings,
    /** The first resource or data source that was refused: `name [type]: why`. */
    refusal: () => refusal,
    result: () => ({ registrations: [...registrations.values()], outputs, secretOutputs }),
  };
}

/** A Struct holds only JSON: undefined values are left out. */
const json = (value: object): Record<string, JavaScriptValue> => JSON.parse(JSON.stringify(value));

function unary<Q, A>(answer: (request: Q) => A | Promise<A>) {
  return (call: ServerUnaryCall<Q, A>, done: sendUnaryData<A>): void => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (response) => done(null, response),
        (error: Error) => done({ code: status.UNKNOWN, message: error.message, name: error.name }),
      );
  };
}
