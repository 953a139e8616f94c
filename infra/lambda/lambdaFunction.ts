import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ec2 from "@pulumi/aws/ec2";
import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createAlarm } from "../foundation/alarm";
import { openPorts } from "../foundation/egress";
import { createLogGroup, writingTo } from "../foundation/logGroup";
import { attachPolicy, createNamedRole, type NamedRole, type Statement } from "../foundation/role";
import type { StackContext } from "../stackContext";
import { packageFolders } from "./packages";
import { type HandlerFactory, serialize } from "./serialization";

/** A value whose parts may be resource outputs. */
export type DeepInput<T> = pulumi.Input<
  T extends (infer Item)[] ? DeepInput<Item>[] : T extends object ? { [K in keyof T]: DeepInput<T[K]> } : T
>;

export interface LambdaFunctionArgs<O> {
  stack: StackContext;
  /** Exported by a module of handlers/. Lambda runs its serialised text. */
  factory: HandlerFactory<O>;
  /** Arguments of the factory. Visible to everyone who can see the function: no secrets. */
  options: DeepInput<O>;
  /** Permissions besides writing logs. */
  statements: Statement[];
  /** Timeout in seconds, up to 900. */
  timeoutSeconds: number;
  /** MiB. */
  memory: number;
  /** MiB of /tmp, from 512 to 10,240. Default: 512. */
  temporaryMiB?: number;
  /** npm packages that the handler imports and the Lambda runtime lacks. Default: none. */
  packages?: string[];
  /** The VPC to run in. Default: none; the function then uses AWS's internet access. */
  network?: FunctionNetwork | undefined;
  /** Seconds for which Lambda retries an asynchronous event. Default: Lambda's six hours. */
  maximumEventAgeSeconds?: number;
  /** For how many periods of five minutes the function must fail before its error alarm is raised. Default: 1. */
  alarmPeriods?: number;
  /** Whether the topic is also notified when the error alarm ends. Default: yes. */
  alarmTellsEnd?: boolean;
}

/** Where a function's network interfaces are, and which ports it can reach. */
export interface FunctionNetwork {
  vpcId: pulumi.Output<string>;
  subnetIds: pulumi.Output<string[]>;
  /** TCP ports that it can reach on any host. */
  ports: number[];
}

/**
 * Use this for all Lambda functions made from callbacks. Pulumi's own CallbackFunction is not suitable: it attaches
 * broad managed policies if there is no role, and reads all of node_modules for every function.
 */
export class LambdaFunction<O> extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: LambdaFunctionArgs<O>, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:LambdaFunction", name, {}, opts);
    const { account, logRetentionDays, monitored } = args.stack;
    // Created before the function, because Lambda would create one that never expires.
    const logGroup = createLogGroup(`${name}-logs`, logRetentionDays, { parent: this });
    const statements = [writingTo(logGroup), ...args.statements];
    const role = createNamedRole(`${name}-role`, { account, service: "lambda", statements }, { parent: this });
    const created = createFunction(name, args, role, logGroup, this);
    if (args.maximumEventAgeSeconds !== undefined)
      new lambda.FunctionEventInvokeConfig(
        `${name}-events`,
        { functionName: created.name, maximumEventAgeInSeconds: args.maximumEventAgeSeconds },
        { parent: this },
      );
    createAlarm(
      `${name}-errors`,
      {
        stack: args.stack,
        description: `${name} failed or was throttled: see its log group.`,
        namespace: "AWS/Lambda",
        metrics: ["Errors", "Throttles"],
        statistic: "Sum",
        dimensions: { FunctionName: created.name },
        ...(args.alarmPeriods === undefined ? {} : { periods: args.alarmPeriods }),
        ...(args.alarmTellsEnd === undefined ? {} : { tellsEnd: args.alarmTellsEnd }),
      },
      { parent: this },
    );
    monitored.functionNames.push(created.name);
    this.arn = created.arn;
    this.functionName = created.name;
    this.registerOutputs({ arn: this.arn, functionName: this.functionName });
  }
}

const createFunction = <O>(
  name: string,
  args: LambdaFunctionArgs<O>,
  role: NamedRole,
  logGroup: cloudwatch.LogGroup,
  parent: pulumi.Resource,
) =>
  new lambda.Function(
    `${name}-function`,
    {
      role: role.arn,
      runtime: lambda.Runtime.NodeJS24dX,
      architectures: ["x86_64"],
      handler: "__index.handler",
      code: archive(args),
      environment: { variables: { OPTIONS: environmentVariable(name, args.options) } },
      timeout: args.timeoutSeconds,
      memorySize: args.memory,
      ...(args.temporaryMiB === undefined ? {} : { ephemeralStorage: { size: args.temporaryMiB } }),
      loggingConfig: { logFormat: "Text", logGroup: logGroup.name },
      ...(args.network === undefined ? {} : { vpcConfig: joinNetwork(name, args.network, role.roleName, parent) }),
    },
    { parent },
  );

/**
 * The function's own security group, and the permission for Lambda to manage the function's network interfaces. Lambda
 * deletes these with the function's role, minutes after the function is deleted or has left the VPC; EC2 keeps the
 * group until then. So the group depends on the permission: policy and role exist until the group is deleted.
 */
function joinNetwork(
  name: string,
  { vpcId, subnetIds, ports }: FunctionNetwork,
  roleName: pulumi.Output<string>,
  parent: pulumi.Resource,
) {
  const policy = attachPolicy(`${name}-network-policy`, roleName, joiningNetwork, { parent });
  const group = new ec2.SecurityGroup(
    `${name}-function`,
    { description: "Function: out to forges and to AWS", vpcId },
    // Lambda may take most of an hour. The provider's default timeout is 15 minutes.
    { parent, dependsOn: policy, customTimeouts: { delete: "60m" } },
  );
  openPorts(`${name}-function`, group.id, ports, { parent });
  return { subnetIds, securityGroupIds: [group.id] };
}

const NETWORK_INTERFACES = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

/**
 * Lambda creates a function's network interfaces with the function's own role, and requires `*` as the resource. Calls
 * by the function itself carry the key of the second statement; calls that Lambda makes for it do not.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
const joiningNetwork: Statement[] = [
  { actions: NETWORK_INTERFACES, resources: ["*"] },
  {
    effect: "Deny",
    actions: NETWORK_INTERFACES,
    resources: ["*"],
    conditions: { Null: { "lambda:SourceFunctionArn": "false" } },
  },
];

const archive = <O>({ factory, packages = [] }: LambdaFunctionArgs<O>): pulumi.asset.AssetArchive =>
  new pulumi.asset.AssetArchive({
    "__index.js": new pulumi.asset.StringAsset(serialize(factory)),
    ...packageFolders(packages),
  });

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
const ENVIRONMENT_LIMIT = 4096;

function environmentVariable<O>(name: string, options: DeepInput<O>): pulumi.Output<string> {
  return pulumi.jsonStringify(options).apply((json) => {
    // Lambda measures all variables as JSON, where each quote in the text takes two characters.
    const size = Buffer.byteLength(JSON.stringify({ OPTIONS: json }));
    if (size > ENVIRONMENT_LIMIT)
      throw new pulumi.RunError(
        `${name}: its options have ${size} bytes; Lambda allows ${ENVIRONMENT_LIMIT} for environment variables. Split the applications between two stacks with different environments`,
      );
    return json;
  });
}
