import type { Created, Declaration } from "../../rehearsal/cloud/service";

/** What Secrets Manager generates here: it may turn up nowhere but in the secret. */
export const GENERATED = "generated0123456789abcdef0123456789abcde";

/** What the secret was rotated to since: what GitHub has to be told. */
export const ROTATED = "rotated0123456789abcdef0123456789abcdef0";

const ACCOUNT = "123456789012";

/** Of every image that is built here. */
export const DIGEST = `sha256:${"0".repeat(64)}`;

/** Where a stack stands. */
export interface Place {
  partition: string;
  region: string;
}

/** A provider that makes up names and ARNs: always the same for the same declarations. */
export const createProvider = ({ partition, region }: Place) => {
  const arn: Arn = (service, resource) => `arn:${partition}:${service}:${region}:${ACCOUNT}:${resource}`;
  return {
    create: async (declaration: Declaration): Promise<Created> => createResource(declaration, arn),
    invoke: async (token: string, inputs: Record<string, unknown>): Promise<object> => answer(token, inputs, arn),
  };
};

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

/** The webhooks' secret holds one for each of the repositories at an earlier `pulumi up`. */
const storedIn = (secretId: string) =>
  secretId.includes("slipway-webhooks")
    ? JSON.stringify({ "github/acme/storefront": ROTATED, "github/acme/former": ROTATED })
    : ROTATED;

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
    case "aws:secretsmanager/getSecretVersions:getSecretVersions":
      return { secretId: inputs.secretId, versions: [{ versionId: "1", versionStages: ["AWSCURRENT"] }] };
    case "aws:secretsmanager/getSecretVersion:getSecretVersion":
      return { secretId: inputs.secretId, secretString: storedIn(String(inputs.secretId)) };
    case "aws:secretsmanager/getSecret:getSecret":
      return { arn: arn("secretsmanager", `secret:${inputs.name}-AbCdEf`) };
    default:
      throw new Error(`${token} has no answer here`);
  }
}
