import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Clock } from "../clock";
import type { Consistency } from "./consistency";
import type { CloudEvent } from "./events";
import type { PolicyDocument } from "./policies";

/** A declared resource: inputs are resolved and secrets unwrapped. */
export interface Declaration {
  urn: string;
  /** Pulumi type token, `aws:sqs/queue:Queue`. */
  type: string;
  /** Pulumi name, the basis of the physical name unless the program sets one. */
  name: string;
  inputs: Record<string, unknown>;
}

/** The result of creating a resource: its provider id, and outputs that are not inputs. */
export interface Created {
  id: string;
  outputs?: Record<string, unknown>;
}

/** An IAM authorization request: an action on a resource, and context keys for conditions. */
export interface Permission {
  /** `sqs:SendMessage` */
  action: string;
  /** ARN, or `*` for actions that AWS cannot restrict to a resource. */
  resource: string;
  context?: Record<string, string | string[]>;
}

/**
 * The caller.
 * - role: a function, task, build, pipeline or instance with a role of the program; its identity policies decide.
 * - service: an AWS service on its own behalf; the resource's policy decides (a Lambda permission, a queue policy).
 * - aws: a service-linked role, whose policy the program does not write.
 * - operator: the platform engineer, who may do everything.
 */
export type Principal =
  | { kind: "role"; arn: string; context?: Record<string, string> }
  | { kind: "service"; service: string; context?: Record<string, string> }
  | { kind: "aws"; service: string }
  | { kind: "operator" };

export interface Call<I> {
  input: I;
  caller: Principal;
}

/** An API operation, with the SDK's `…CommandInput` and `…CommandOutput` shapes. */
export interface Operation<I, O> {
  /** The permissions that the caller needs. Only empty for operations that AWS does not authorise. */
  permissions(input: I, call: Call<I>): Permission[];
  perform(input: I, call: Call<I>): O | Promise<O>;
}

/** An operation without its specific shapes, for a service's table of operations. */
export type AnyOperation = Operation<object, object | undefined>;

/** Erases an operation's shapes: the endpoint passes on whatever the SDK sent. */
export function operation<I extends object, O extends object | undefined>(it: Operation<I, O>): AnyOperation {
  return it as unknown as AnyOperation;
}

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer | Readable;
}

/** How a service without AWS JSON reads requests and writes responses (S3: REST with XML). */
export interface Protocol {
  read(request: IncomingMessage): Promise<{ operation: string; input: object }>;
  answer(operation: string, output: object | undefined, request: IncomingMessage): HttpAnswer;
  fail(error: AwsError, request: IncomingMessage): HttpAnswer;
}

/** One simulated AWS service. All have this shape, one per file. */
export interface Service {
  /** The signing name: `sqs`, `s3`, `secretsmanager`, `codepipeline`, `ecs`, `ecr`, `logs`, … */
  readonly name: string;
  /** Creates declared resources, by Pulumi type token. */
  readonly resources: Record<string, (declaration: Declaration) => Created | Promise<Created>>;
  /** Handles requests of functions, tasks and other services, by operation name: `SendMessage`. */
  readonly operations: Record<string, AnyOperation>;
  /** Answers the program's data sources, by Pulumi token: `aws:secretsmanager/getRandomPassword:getRandomPassword`. */
  readonly invokes?: Record<string, (inputs: Record<string, unknown>) => object | Promise<object>>;
  /** The policy attached to a resource of this service, if any. */
  readonly policyOf?: (arn: string) => PolicyDocument | undefined;
  /** Default: AWS JSON 1.0 and 1.1. */
  readonly protocol?: Protocol;
  /** Called once, when the whole program is declared: starts pollers, schedulers and rollouts. */
  start?(): void | Promise<void>;
  /** Ends every process, socket and timer of the service. */
  stop?(): void | Promise<void>;
}

/** An AWS error: `code` is the exception's name (`QueueDoesNotExist`), `status` the HTTP status (default 400). */
export interface AwsError extends Error {
  code: string;
  status: number;
  /** Members of the exception besides its message: the item on which a condition failed. */
  details?: object;
}

/** @param details further members of the exception */
export function awsError(code: string, message: string, status = 400, details?: object): AwsError {
  return Object.assign(new Error(message), { name: code, code, status }, details === undefined ? {} : { details });
}

export const isAwsError = (error: unknown): error is AwsError =>
  error instanceof Error && "code" in error && "status" in error && typeof error.status === "number";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Origin of a session's requests, if it matters. */
export interface Origin {
  /** Context keys of every request: `lambda:SourceFunctionArn`. */
  context: Record<string, string>;
  /** Whether a connection to the host succeeds. */
  connects(host: string): boolean;
  /** The process that has the credentials, if faults can be injected into it. */
  sender?: Sender;
}

/** What the account provides to its services. */
export interface Cloud {
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
  /** `amazonaws.com`, or China's. */
  readonly dnsSuffix: string;
  readonly clock: Clock;
  /** The account's quota: routes per route table. A prefix list counts as its maximum number of entries. */
  readonly routesPerTable: number;
  /** A folder only for this run, in the project's ignored folder. Services create subfolders with their own name. */
  readonly directory: string;
  /** `http://127.0.0.1:port` of the endpoint for the SDK; known once the account has started. */
  readonly endpointUrl: string;
  /** Whether Lambda delivers every asynchronous event twice, as it may: see lambda/asynchronousInvocation.ts. */
  readonly repeatsInvocations: boolean;
  /**
   * The start of the path if people call an API by its address: `http://127.0.0.1:port/<token>/webhooks/…`. Web pages
   * cannot guess it.
   */
  readonly token: string;
  /** How far reads of ECS and CloudWatch Logs lag behind writes. */
  readonly consistency: Consistency;
  /** Addresses (`http://127.0.0.1:port`) of names outside and inside the account: `github.com`, a load balancer. */
  readonly addresses: Map<string, string>;
  /** Whether the account has this service: test accounts have few. */
  simulates(service: string): boolean;
  /** Calls an operation as `caller`: authorised, recorded and performed exactly like an HTTP request. */
  call<I extends object, O>(caller: Principal, service: string, operation: string, input: I): Promise<O>;
  /**
   * Assumes a role for an AWS service, if the role's trust policy allows it.
   * @param service `lambda.amazonaws.com`
   * @param origin of the requests that the credentials will sign
   * @throws AwsError AccessDenied, naming role and service
   */
  assumeRole(service: string, roleArn: string, origin?: Origin): Promise<Credentials>;
  /**
   * The ARN of the role in an instance profile.
   * @param profile name or ARN
   * @throws AwsError InvalidParameterValue if the profile does not exist or has no role
   */
  roleOfProfile(profile: string): string;
  /** Reports an event, for the report and for those waiting for it. */
  tell(event: CloudEvent): void;
  /** Resolves with the first event from now on that `accept` accepts. */
  until<E extends CloudEvent>(accept: (event: CloudEvent) => event is E): Promise<E>;
  /** A fresh lower-case hexadecimal id, unique in this account. */
  id(length?: number): string;
  /** The name from the program, or else Pulumi's form: the logical name and seven hexadecimal digits. */
  physicalName(declaration: Declaration, given?: unknown): string;
  /** `arn:partition:service:region:account:resource`; region or account empty if given as such. */
  arn(service: string, resource: string, scope?: { region?: ""; account?: "" }): string;
}

/** The process that sent a call over HTTP. */
export interface Sender {
  /** Name of the function, the service, the task's family, or the build project. */
  name: string;
  /** Kills the process at once, as if its machine were lost. */
  kill(): void;
  /**
   * Delivers the process's current event or message again. Absent if it handles neither: an HTTP request is repeated by
   * its caller.
   * @param milliseconds of simulated time from now
   */
  redeliver?: ((milliseconds: number) => void) | undefined;
}
