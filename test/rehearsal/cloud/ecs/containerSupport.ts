import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { GetAuthorizationTokenCommandOutput } from "@aws-sdk/client-ecr";
import { build } from "../../../../rehearsal/cloud/docker/build";
import { createImageStore, parseReference } from "../../../../rehearsal/cloud/docker/imageStore";
import { createRegistryClient } from "../../../../rehearsal/cloud/docker/registryClient";
import type { TestCloud } from "../../support";

/** Writes files into a folder: path to content. */
export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

/** The password that `aws ecr get-login-password` prints. */
export async function loginPassword(cloud: TestCloud, roleArn?: string): Promise<string> {
  const caller = roleArn === undefined ? ({ kind: "operator" } as const) : ({ kind: "role", arn: roleArn } as const);
  const answer = await cloud.call<object, GetAuthorizationTokenCommandOutput>(
    caller,
    "ecr",
    "GetAuthorizationToken",
    {},
  );
  const token = answer.authorizationData?.[0]?.authorizationToken ?? "";
  return Buffer.from(token, "base64").toString().replace("AWS:", "");
}

/**
 * Builds an image of these files, a Dockerfile among them, and pushes it.
 * @param name `registry/repository:tag`
 * @returns `registry/repository@sha256:…`
 */
export async function pushImage(cloud: TestCloud, name: string, files: Record<string, string>): Promise<string> {
  const folder = path.join(cloud.directory, "contexts", cloud.id());
  await writeFiles(folder, files);
  const home = path.join(folder, ".docker");
  const store = createImageStore(home);
  const image = await build(store, {
    context: folder,
    dockerfile: path.join(folder, "Dockerfile"),
    tags: [name],
    arguments: new Map(),
    platform: "linux/amd64",
    print: () => {},
  });
  const reference = parseReference(name);
  const client = createRegistryClient({ home, registries: Object.fromEntries(cloud.addresses) });
  await client.login(reference.registry, "AWS", await loginPassword(cloud));
  const { digest } = await client.push(reference, image);
  return `${reference.registry}/${reference.repository}@${digest}`;
}

/** Resolves when the condition holds, at a later turn of the event loop: for what other processes and sockets do. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

export interface Web {
  privateSubnets: string[];
  publicSubnets: string[];
  balancerGroup: string;
  taskGroup: string;
  dnsName: string;
  loadBalancerArn: string;
  listenerArn: string;
  targetGroupArn: string;
  /** `http://127.0.0.1:port` of the listener. */
  url: string;
}

const HEALTH_CHECK = {
  path: "/healthz",
  matcher: "200-399",
  interval: 10,
  timeout: 5,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
};

/** Declares a network and a load balancer whose only target group, for port 8080, gets every request. */
export async function declareWeb(cloud: TestCloud, targetGroup: object = {}, { internal = false } = {}): Promise<Web> {
  const { outputs: vpc } = await cloud.declare("awsx:ec2:Vpc", "vpc", { numberOfAvailabilityZones: 2 });
  const group = async (name: string) =>
    (await cloud.declare("aws:ec2/securityGroup:SecurityGroup", name, { vpcId: vpc.vpcId })).id;
  const [balancerGroup, taskGroup] = [await group("balancer"), await group("tasks")];
  const rule = (kind: "Ingress" | "Egress", name: string, inputs: object) =>
    cloud.declare(`aws:vpc/securityGroup${kind}Rule:SecurityGroup${kind}Rule`, name, { ipProtocol: "tcp", ...inputs });
  const ports = (port: number) => ({ fromPort: port, toPort: port });
  await rule("Ingress", "http", { securityGroupId: balancerGroup, ...ports(80), cidrIpv4: "0.0.0.0/0" });
  await rule("Egress", "to-tasks", {
    securityGroupId: balancerGroup,
    ...ports(8080),
    referencedSecurityGroupId: taskGroup,
  });
  await rule("Ingress", "from-balancer", {
    securityGroupId: taskGroup,
    ...ports(8080),
    referencedSecurityGroupId: balancerGroup,
  });
  await rule("Egress", "tasks-out", { securityGroupId: taskGroup, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" });

  const { id: loadBalancerArn, outputs: balancer } = await cloud.declare(
    "aws:lb/loadBalancer:LoadBalancer",
    "balancer",
    {
      internal,
      subnets: internal ? vpc.privateSubnetIds : vpc.publicSubnetIds,
      securityGroups: [balancerGroup],
    },
  );
  const { id: targetGroupArn } = await cloud.declare("aws:lb/targetGroup:TargetGroup", "web", {
    port: 8080,
    protocol: "HTTP",
    targetType: "ip",
    vpcId: vpc.vpcId,
    deregistrationDelay: 30,
    healthCheck: HEALTH_CHECK,
    ...targetGroup,
  });
  const { id: listenerArn } = await cloud.declare("aws:lb/listener:Listener", "http", {
    loadBalancerArn,
    port: 80,
    defaultActions: [{ type: "forward", targetGroupArn }],
  });
  const dnsName = String(balancer.dnsName);
  return {
    privateSubnets: vpc.privateSubnetIds as string[],
    publicSubnets: vpc.publicSubnetIds as string[],
    balancerGroup,
    taskGroup,
    dnsName,
    loadBalancerArn,
    listenerArn,
    targetGroupArn,
    url: cloud.addresses.get(dnsName) ?? "",
  };
}
