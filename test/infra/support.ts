import path from "node:path";
import type { Created, Declaration } from "../../rehearsal/cloud/service";
import type { Registration } from "../../rehearsal/monitor";
import { evaluate, type Program } from "../../rehearsal/program";

/** What Secrets Manager generates here: it may turn up nowhere but in the secret. */
export const GENERATED = "generated0123456789abcdef0123456789abcde";

/** What the secret was rotated to since: what GitHub has to be told. */
export const ROTATED = "rotated0123456789abcdef0123456789abcdef0";

export const ROOT = path.resolve(__dirname, "../..");
const ACCOUNT = "123456789012";

/** Of every image that is built here. */
export const DIGEST = `sha256:${"0".repeat(64)}`;

export interface Stack {
  /** Whose file is read. Default: dev. */
  stack?: string;
  /** Configuration instead of the stack file's; structured values as JSON. */
  settings?: Record<string, unknown>;
  partition?: string;
  region?: string;
  /** Called with each resource before it is made up. */
  onCreate?: (declaration: Declaration) => void;
}

/** Evaluates index.ts as a stack, against a provider that makes up names and ARNs. */
export function evaluateStack({
  stack = "dev",
  settings,
  partition = "aws",
  region = "us-east-1",
  onCreate,
}: Stack = {}): Promise<Program> {
  const arn = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${ACCOUNT}:${resource}`;
  const values =
    settings &&
    Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
  return evaluate({
    root: ROOT,
    stack,
    ...(values === undefined ? {} : { values }),
    create: async (declaration) => {
      onCreate?.(declaration);
      return createResource(declaration, arn);
    },
    invoke: async (token, inputs) => answer(token, inputs, arn),
  });
}

const evaluated = new Map<string, Promise<Program>>();

/** The program as the stack's file has it, evaluated once for all tests. */
function stackOf(stack: string): Promise<Program> {
  // The stacks in China are called after their regions.
  const place = stack.startsWith("cn-") ? { partition: "aws-cn", region: stack } : {};
  const known = evaluated.get(stack) ?? evaluateStack({ stack, ...place });
  evaluated.set(stack, known);
  return known;
}

export const stackDev = (): Promise<Program> => stackOf("dev");
export const stackProd = (): Promise<Program> => stackOf("prod");
/** Polls, and leads GitHub's networks through the NAT instance. */
export const stackBeijing = (): Promise<Program> => stackOf("cn-north-1");
/** Takes webhooks, and leads everything through the NAT instance. */
export const stackNingxia = (): Promise<Program> => stackOf("cn-northwest-1");

type Arn = (service: string, resource: string) => string;

/** Names are Pulumi's own with a fixed suffix, so that tests can spell them. */
function createResource({ type, name, inputs }: Declaration, arn: Arn): Created {
  const physical = typeof inputs.name === "string" ? inputs.name : `${name}-0000000`;
  const service = type.split(":")[1]?.split("/")[0] ?? "";
  const outputs: Record<string, unknown> = { arn: arn(service, physical), name: physical };
  return { id: `${name}-id`, outputs: { ...outputs, ...computed({ type, inputs }, physical, arn) } };
}

/** One in each zone: `subnet-private-a`. */
const subnets = (kind: string, { numberOfAvailabilityZones, availabilityZoneNames }: Declaration["inputs"]): string[] =>
  Array.from({ length: Number(numberOfAvailabilityZones ?? (availabilityZoneNames as string[]).length) }, (_, zone) => {
    const letter = "abcdef"[zone];
    return `subnet-${kind}-${letter}`;
  });

/** What AWS computes besides name and ARN, and the program reads. */
function computed(
  { type, inputs }: Pick<Declaration, "type" | "inputs">,
  name: string,
  arn: Arn,
): Record<string, unknown> {
  switch (type) {
    case "awsx:ec2:Vpc":
      return {
        vpcId: "vpc-0",
        publicSubnetIds: subnets("public", inputs),
        privateSubnetIds: subnets("private", inputs),
      };
    case "aws:ec2/eip:Eip":
      return { publicIp: "203.0.113.10", allocationId: `${name}-allocation` };
    case "aws:ec2/networkInterface:NetworkInterface":
      return { macAddress: "0e:00:00:00:00:01" };
    case "aws:ec2/launchTemplate:LaunchTemplate":
      return { latestVersion: 1 };
    case "aws:s3/bucket:Bucket":
      return { bucket: name };
    case "aws:sqs/queue:Queue":
      return { url: `https://sqs.example/${name}${inputs.fifoQueue ? ".fifo" : ""}` };
    case "aws:ecr/repository:Repository":
      return { repositoryUrl: `registry.example/${name}` };
    case "awsx:ecr:Image":
      return { imageUri: `${inputs.repositoryUrl}@${DIGEST}` };
    case "aws:ecs/taskDefinition:TaskDefinition":
      return {
        arn: arn("ecs", `task-definition/${name}:1`),
        arnWithoutRevision: arn("ecs", `task-definition/${name}`),
      };
    case "aws:lb/loadBalancer:LoadBalancer":
      return { dnsName: "balancer.example", arnSuffix: `app/${name}/0` };
    case "aws:lb/targetGroup:TargetGroup":
      return { arnSuffix: `targetgroup/${name}/0` };
    case "aws:apigatewayv2/api:Api":
      return { apiEndpoint: "https://api.example", executionArn: arn("execute-api", "api") };
    default:
      return {};
  }
}

function answer(token: string, inputs: Record<string, unknown>, arn: Arn): object {
  switch (token) {
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: ACCOUNT };
    case "aws:ec2/getRouteTable:getRouteTable":
      return { routeTableId: `rtb-of-${inputs.subnetId}` };
    case "aws:ssm/getParameter:getParameter":
      return { name: inputs.name, value: `value-of${inputs.name}` };
    case "aws:secretsmanager/getRandomPassword:getRandomPassword":
      return { randomPassword: GENERATED.slice(0, Number(inputs.passwordLength)) };
    case "aws:secretsmanager/getSecretVersion:getSecretVersion":
      return { secretId: inputs.secretId, secretString: ROTATED };
    case "aws:secretsmanager/getSecret:getSecret":
      return { arn: arn("secretsmanager", `secret:${inputs.name}-AbCdEf`) };
    default:
      throw new Error(`${token} has no answer here`);
  }
}

/** The resources of one type, by name. */
export const ofType = ({ registrations }: Program, type: string): Map<string, Registration> =>
  new Map(registrations.filter((it) => it.type === type).map((it) => [it.name, it]));

/** The one resource of that type and name. */
export function resource(program: Program, type: string, name: string): Registration {
  const found = ofType(program, type).get(name);
  if (found === undefined) throw new Error(`no ${type} is called ${name}`);
  return found;
}

export interface PolicyStatement {
  Effect: "Allow" | "Deny";
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
}

/** What a function of the program is given. */
export function optionsOf(program: Program, name: string): object {
  const { environment } = resource(program, "aws:lambda/function:Function", `${name}-function`).inputs;
  const { variables } = environment as { variables: { OPTIONS: string } };
  return JSON.parse(variables.OPTIONS);
}

/** The statements of a policy document. */
export const statementsOf = (document: unknown): PolicyStatement[] => JSON.parse(String(document)).Statement;

/** What a role of the program may do. */
export const roleStatements = (program: Program, role: string): PolicyStatement[] =>
  statementsOf(resource(program, "aws:iam/rolePolicy:RolePolicy", `${role}-policy`).inputs.policy);
