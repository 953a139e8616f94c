import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Clock } from "../clock";
import type { Consistency } from "./consistency";
import type { CloudEvent } from "./events";

/** A resource as the program declared it: resolved inputs, secrets unwrapped. */
export interface Declaration {
  urn: string;
  /** Pulumi type token, `aws:sqs/queue:Queue`. */
  type: string;
  /** Pulumi name, from which the physical name is made where the program gives none. */
  name: string;
  inputs: Record<string, unknown>;
}

/** What creating a resource yields: its provider id, and the outputs that its inputs do not already say. */
export interface Created {
  id: string;
  outputs?: Record<string, unknown>;
}

/** One decision that IAM takes: an action on a resource, and the context keys that conditions may ask for. */
export interface Permission {
  /** `sqs:SendMessage` */
  action: string;
  /** ARN, or `*` for the actions that AWS cannot restrict to a resource. */
  resource: string;
  context?: Record<string, string | string[]>;
}

/**
 * Who calls.
 * - role: a function, task, build, pipeline or instance under a role of the program; its identity policies decide.
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

/** An API operation, in the shapes of the SDK's own `…CommandInput` and `…CommandOutput`. */
export interface Operation<I, O> {
  /** What the caller must be allowed to do. Never empty but for operations that AWS does not authorise. */
  permissions(input: I, call: Call<I>): Permission[];
  perform(input: I, call: Call<I>): O | Promise<O>;
}

/** An operation whose shapes are forgotten, as the tables of a service hold it. */
export type AnyOperation = Operation<object, object | undefined>;

/** Forgets the shapes of an operation: the endpoint passes on whatever the SDK sent. */
export function operation<I extends object, O extends object | undefined>(it: Operation<I, O>): AnyOperation {
  return it as unknown as AnyOperation;
}

/** A policy document, as it is attached to a resource. */
export interface PolicyDocument {
  Version: string;
  Statement: object[];
}

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer | Readable;
}

/** How a service that does not speak AWS JSON reads requests and writes answers (S3: REST with XML). */
export interface Protocol {
  read(request: IncomingMessage): Promise<{ operation: string; input: object }>;
  answer(operation: string, output: object | undefined, request: IncomingMessage): HttpAnswer;
  fail(error: AwsError, request: IncomingMessage): HttpAnswer;
}

/** One simulated AWS service. All have this shape; one file each. */
export interface Service {
  /** The name that requests are signed for: `sqs`, `s3`, `secretsmanager`, `codepipeline`, `ecs`, `ecr`, `logs`, … */
  readonly name: string;
  /** Creates what the program declares, by Pulumi type token. */
  readonly resources: Record<string, (declaration: Declaration) => Created | Promise<Created>>;
  /** Answers what functions, tasks and other services ask, by operation name: `SendMessage`. */
  readonly operations: Record<string, AnyOperation>;
  /** Answers the program's data sources, by Pulumi token: `aws:secretsmanager/getRandomPassword:getRandomPassword`. */
  readonly invokes?: Record<string, (inputs: Record<string, unknown>) => object | Promise<object>>;
  /** The policy attached to a resource of this service, if there is one. */
  readonly policyOf?: (arn: string) => PolicyDocument | undefined;
  /** AWS JSON 1.0 and 1.1 when absent. */
  readonly protocol?: Protocol;
  /** Called once, when the whole program is declared: pollers, schedulers and rollouts begin here. */
  start?(): void | Promise<void>;
  /** Ends every process, socket and timer of the service. */
  stop?(): void | Promise<void>;
}

/** An AWS error: `code` is the exception's name (`QueueDoesNotExist`), `status` the HTTP status (400 unless told). */
export interface AwsError extends Error {
  code: string;
  status: number;
  /** What the exception holds beside its message: the item that a condition failed on. */
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

/** Where the requests of a session come from, if that matters. */
export interface Origin {
  /** Context keys of every request: `lambda:SourceFunctionArn`. */
  context: Record<string, string>;
  /** Whether a connection to the host comes about. */
  connects(host: string): boolean;
  /** The process that has the credentials, if faults can be injected into it. */
  sender?: Sender;
}

/** What the account offers to its services. */
export interface Cloud {
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
  /** `amazonaws.com`, or China's. */
  readonly dnsSuffix: string;
  readonly clock: Clock;
  /** The account's quota: routes in a route table, among which a prefix list counts as its maximum of entries. */
  readonly routesPerTable: number;
  /** A folder of this run alone, inside the project's ignored folder. Services make subfolders of their own name. */
  readonly directory: string;
  /** `http://127.0.0.1:port` of the endpoint that the SDK is pointed at; known once the account has started. */
  readonly endpointUrl: string;
  /** Whether Lambda delivers every asynchronous event twice, as it may: see lambda/asynchronousInvocation.ts. */
  readonly repeatsInvocations: boolean;
  /**
   * What the path begins with where people call an API by its address: `http://127.0.0.1:port/<token>/webhooks/…`. Web pages
   * cannot guess it.
   */
  readonly token: string;
  /** How far reads of ECS and CloudWatch Logs are behind writes. */
  readonly consistency: Consistency;
  /** Names outside and inside the account (`github.com`, a load balancer's DNS name) and where they answer: `http://127.0.0.1:port`. */
  readonly addresses: Map<string, string>;
  /** Whether the account has a service of this name: the accounts of tests have few. */
  simulates(service: string): boolean;
  /** Calls an operation as `caller`: authorised, recorded and performed exactly as a request over HTTP. */
  call<I extends object, O>(caller: Principal, service: string, operation: string, input: I): Promise<O>;
  /**
   * Has an AWS service assume a role, if the role's trust policy lets it.
   * @param service `lambda.amazonaws.com`
   * @param origin of the requests that the credentials will sign
   * @throws AwsError AccessDenied, naming role and service
   */
  assumeRole(service: string, roleArn: string, origin?: Origin): Promise<Credentials>;
  /**
   * The ARN of the role in an instance profile.
   * @param profile name or ARN
   * @throws AwsError InvalidParameterValue where there is no such profile, or no role in it
   */
  roleOfProfile(profile: string): string;
  /** Tells what happened, for the report and for those who wait. */
  tell(event: CloudEvent): void;
  /** Resolves with the first event, from now on, that `accept` takes. */
  until<E extends CloudEvent>(accept: (event: CloudEvent) => event is E): Promise<E>;
  /** A fresh lower-case hexadecimal id, unique in this account. */
  id(length?: number): string;
  /** The program's own name where it gives one, else Pulumi's form: the logical name and seven hexadecimal digits. */
  physicalName(declaration: Declaration, given?: unknown): string;
  /** `arn:partition:service:region:account:resource`, with empty region or account where told. */
  arn(service: string, resource: string, scope?: { region?: ""; account?: "" }): string;
}

/** The process that sent a call over HTTP. */
export interface Sender {
  /** Name of the function, the service, the task's family, or the build project. */
  name: string;
  /** Ends the process at once, as if its machine were lost. */
  kill(): void;
  /**
   * Delivers the event or message that the process works on once more. Absent if it works on neither: a request over HTTP
   * is its caller's to repeat.
   * @param milliseconds of simulated time from now
   */
  redeliver?: ((milliseconds: number) => void) | undefined;
}
