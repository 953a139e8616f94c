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

/** A value of which any part may come from a resource. */
export type DeepInput<T> = pulumi.Input<
  T extends (infer Item)[] ? DeepInput<Item>[] : T extends object ? { [K in keyof T]: DeepInput<T[K]> } : T
>;

export interface LambdaFunctionArgs<O> {
  stack: StackContext;
  /** Exported by a module of handlers/. Its text is what Lambda runs. */
  factory: HandlerFactory<O>;
  /** What the factory is given. Readable by whoever can see the function: no secrets. */
  options: DeepInput<O>;
  /** What the function may do besides writing its log. */
  statements: Statement[];
  /** Seconds after which Lambda ends an invocation, up to 900. */
  timeoutSeconds: number;
  /** MiB. */
  memory: number;
  /** MiB of /tmp, from 512 to 10,240. Default: 512. */
  temporaryMiB?: number;
  /** npm packages that the handler imports and the Lambda runtime does not have. Default: none. */
  packages?: string[];
  /** Where the VPC is that it runs in. Default: outside of it, with AWS's own way to the internet. */
  network?: FunctionNetwork | undefined;
  /** How long Lambda keeps an asynchronous event that it cannot deliver, in seconds. Default: Lambda's six hours. */
  maximumEventAgeSeconds?: number;
  /** How many times five minutes it has to fail before the alarm on its errors is raised. Default: once. */
  alarmPeriods?: number;
  /** Whether the alarm on its errors is told when it ends, too. Default: it is. */
  alarmTellsEnd?: boolean;
}

/** Where a function's network interfaces are, and what it reaches from there. */
export interface FunctionNetwork {
  vpcId: pulumi.Output<string>;
  subnetIds: pulumi.Output<string[]>;
  /** TCP ports of any host. */
  ports: number[];
}

/**
 * The one way to make a Lambda function out of a callback. Pulumi's own CallbackFunction is not used: without a
 * role it attaches broad managed policies, and it reads the whole node_modules tree for every function.
 */
export class LambdaFunction<O> extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: LambdaFunctionArgs<O>, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:LambdaFunction", name, {}, opts);
    const { account, logRetentionDays, monitored } = args.stack;
    // Made before the function, which would make one of its own that never expires.
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
        description: `${name} failed, or was not run for want of concurrency: see its log group.`,
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
 * The function's own security group, and the permission for Lambda to manage the function's network interfaces. Lambda deletes them
 * under the function's role, minutes after the function is gone or has left the VPC, and EC2 keeps the group until then. So the
 * group depends on the permission: policy and role stay until the group is deleted.
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
    // Lambda may take most of an hour. The provider would give up after 15 minutes.
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
 * Lambda makes a function's network interfaces under the function's own role, and takes no narrower resource. What the
 * function itself calls carries the key of the second statement, what Lambda calls for it does not.
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
    // Lambda measures all variables together as JSON, in which each of the text's own quotes is two characters.
    const size = Buffer.byteLength(JSON.stringify({ OPTIONS: json }));
    if (size > ENVIRONMENT_LIMIT)
      throw new pulumi.RunError(
        `${name}: its options take ${size} bytes of the ${ENVIRONMENT_LIMIT} that Lambda has for environment variables; split the applications over two stacks with different environments`,
      );
    return json;
  });
}
