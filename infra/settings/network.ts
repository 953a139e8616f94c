import { ENDPOINT_SERVICES, GATEWAY_SERVICES, type Region } from "../partition";
import {
  type Check,
  eachOnce,
  fail,
  integer,
  list,
  object,
  oneOf,
  optional,
  type Rule,
  ruled,
  shown,
  withDefault,
} from "./check";
import { contains, merged } from "./cidr";
import * as formats from "./formats";
import github from "./githubCidrs.json";
import type { NatInstanceSettings, NetworkSettings } from "./model";

/** Reads a file beside Pulumi.yaml. Throws like `readFileSync`. */
export type ReadText = (file: string) => string;

/**
 * AWS's default quota of routes per table. It became 500 in many regions in June 2025; every account has at least 50.
 * https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
 */
const ROUTES_PER_TABLE = 50;

export const DEFAULT_NETWORK: NetworkSettings = {
  cidr: "10.20.0.0/16",
  availabilityZones: 2,
  egress: "nat-gateway",
  endpoints: [],
  routesPerTable: ROUTES_PER_TABLE,
  natInstance: undefined,
};

/** The network settings in a stack file, with sources of routes instead of resolved networks. */
type WrittenNetwork = Omit<NetworkSettings, "natInstance"> & { natInstance?: WrittenInstance | undefined };

interface WrittenInstance extends Omit<NatInstanceSettings, "routes"> {
  githubCidrs?: string[] | undefined;
  extraCidrs?: string[] | undefined;
}

const DEFAULT_INSTANCE: WrittenInstance = { instanceType: "t4g.micro", ami: undefined, bootHook: undefined };

export const network =
  (region: Region, readText: ReadText): Check<NetworkSettings> =>
  (value, path, mistakes) => {
    const read = ruled(written(region, readText), outsideTheVpc)(value, path, mistakes);
    return read && withRoutes(read, path, mistakes);
  };

const written = (region: Region, readText: ReadText): Check<WrittenNetwork> =>
  object<WrittenNetwork>({
    cidr: withDefault(formats.vpcCidr, DEFAULT_NETWORK.cidr),
    availabilityZones: withDefault(formats.availabilityZones(region), DEFAULT_NETWORK.availabilityZones),
    egress: withDefault(
      oneOf("an egress for private subnets", ["nat-gateway", "nat-gateway-per-zone", "nat-instance", "none"]),
      DEFAULT_NETWORK.egress,
    ),
    endpoints: withDefault(
      ruled(list("endpoints", oneOf("a service with a VPC endpoint", ENDPOINT_SERVICES), 0), eachOnce),
      DEFAULT_NETWORK.endpoints,
    ),
    routesPerTable: withDefault(integer("a quota of routes per route table", ROUTES_PER_TABLE, 1000), ROUTES_PER_TABLE),
    natInstance: optional(
      object<WrittenInstance>({
        githubCidrs: optional(list("networks", formats.routedCidr, 0)),
        extraCidrs: optional(list("networks", formats.routedCidr, 0)),
        instanceType: withDefault(formats.gravitonType, DEFAULT_INSTANCE.instanceType),
        ami: optional(formats.ami),
        bootHook: optional(bootHook(readText)),
      }),
    ),
  });

/** AWS rejects routes inside the VPC's own range. */
const outsideTheVpc: Rule<WrittenNetwork> = ({ cidr, natInstance = DEFAULT_INSTANCE }, path, mistakes) => {
  const { githubCidrs = [], extraCidrs = [] } = natInstance;
  for (const [key, cidrs] of Object.entries({ githubCidrs, extraCidrs }))
    for (const [index, each] of cidrs.entries())
      if (contains(cidr, each))
        fail(
          mistakes,
          `${path}.natInstance.${key}[${index}]: ${shown(each)} is inside ${cidr}, the VPC's own range, whose traffic never leaves the VPC; remove it`,
        );
};

function withRoutes(read: WrittenNetwork, path: string, mistakes: string[]): NetworkSettings | undefined {
  const { natInstance, ...rest } = read;
  if (read.egress === "nat-instance")
    return { ...rest, natInstance: allEgress(natInstance ?? DEFAULT_INSTANCE, path, mistakes) };
  if (natInstance === undefined) return { ...rest, natInstance };
  const { githubCidrs = github.cidrs, extraCidrs = [], ...settings } = natInstance;
  const routes = merged([...githubCidrs, ...extraCidrs]);
  if (routes.length === 0)
    return fail(
      mistakes,
      `${path}.natInstance: has no routes; add networks to githubCidrs or extraCidrs, or send all traffic through it with egress: nat-instance`,
    );
  return fits(read, routes, path, mistakes) ? { ...rest, natInstance: { ...settings, routes } } : undefined;
}

/**
 * Two halves, because 0.0.0.0/0 is awsx's route to its NAT gateway. When egress changes, Pulumi creates the new route
 * before it deletes the old one, and a destination must be unique in a table. Meanwhile, the longer prefix wins.
 */
const EVERYTHING = ["0.0.0.0/1", "128.0.0.0/1"];

/** Routes all egress through the instance. */
function allEgress(written: WrittenInstance, path: string, mistakes: string[]): NatInstanceSettings | undefined {
  const { githubCidrs, extraCidrs, ...settings } = written;
  const named = Object.entries({ githubCidrs, extraCidrs }).filter(([, cidrs]) => cidrs !== undefined);
  for (const [key] of named)
    fail(
      mistakes,
      `${path}.natInstance.${key}: egress: nat-instance already sends all traffic through the instance; remove it`,
    );
  return named.length === 0 ? { ...settings, routes: EVERYTHING } : undefined;
}

/** A private subnet's route table also holds the VPC's local route and the routes to egress and gateway endpoints. */
function fits(read: WrittenNetwork, routes: string[], path: string, mistakes: string[]): boolean {
  const { egress, endpoints, routesPerTable } = read;
  const gateways = endpoints.filter((service) => GATEWAY_SERVICES.includes(service));
  const others = 1 + (egress === "none" ? 0 : 1) + gateways.length;
  const all = routes.length + others;
  if (all <= routesPerTable) return true;
  fail(
    mistakes,
    `${path}.natInstance: ${routes.length} networks and ${others} other routes make ${all} routes in a route table; allowed: ${routesPerTable}. Use wider networks, or set routesPerTable to your quota "Routes per route table", which AWS raises on request`,
  );
  return false;
}

/**
 * User data is limited to 16 KiB, and slipway's own script (infra/network/natInstance) needs the rest.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
 */
export const BOOT_HOOK_BYTES = 4096;

/** Reads the script at a path. */
const bootHook =
  (readText: ReadText): Check<string> =>
  (value, path, mistakes) => {
    const file = formats.projectPath(value, path, mistakes);
    const script = file === undefined ? undefined : readScript(file, readText, path, mistakes);
    if (script === undefined) return undefined;
    if (!script.startsWith("#!"))
      return fail(mistakes, `${path}: ${shown(file)} does not begin with #!; allowed: a script such as #!/bin/bash`);
    // Otherwise, the kernel would look for an interpreter whose name ends in a carriage return.
    if (script.includes("\r\n"))
      return fail(
        mistakes,
        `${path}: ${shown(file)} has Windows line endings, which shells do not accept; save it with LF`,
      );
    const bytes = Buffer.byteLength(script);
    return bytes <= BOOT_HOOK_BYTES
      ? script
      : fail(
          mistakes,
          `${path}: ${shown(file)} has ${bytes} bytes; allowed: ${BOOT_HOOK_BYTES}, so have it download the rest`,
        );
  };

function readScript(file: string, readText: ReadText, path: string, mistakes: string[]): string | undefined {
  try {
    return readText(file);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    return fail(
      mistakes,
      `${path}: ${shown(file)} cannot be read (${code}); allowed: the path of a script beside Pulumi.yaml`,
    );
  }
}
