import { BlockList } from "node:net";

/** An IPv4 range: its first address as a number, and the length of its prefix. */
export interface Range {
  base: number;
  prefix: number;
}

export function parseRange(cidr: string): Range {
  const [address = "", prefix = "32"] = cidr.split("/");
  return { base: parseAddress(address), prefix: Number(prefix) };
}

export const formatRange = ({ base, prefix }: Range): string => `${formatAddress(base)}/${prefix}`;

export function parseAddress(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** Whether any of the ranges (`10.0.0.0/16`) contains the address. */
export function holds(cidrs: string[], address: string): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [base = "", prefix = "32"] = cidr.split("/");
    list.addSubnet(base, Number(prefix), "ipv4");
  }
  return list.check(address, "ipv4");
}

export const sizeOf = ({ prefix }: Range): number => 2 ** (32 - prefix);

export interface SubnetSpec {
  type: string;
  cidrMask?: number;
  cidrBlocks?: string[];
}

/**
 * The ranges of a VPC's subnets, by zone and spec, for awsx's strategy "Auto": it divides the VPC evenly between the
 * zones and lays out the subnets in the given order, each aligned to its size. The other strategies create the same
 * subnets at other addresses, which no program depends on.
 */
export function layOut(vpc: Range, zones: number, specs: SubnetSpec[]): string[][] {
  const zonePrefix = vpc.prefix + bitsFor(zones);
  // Without specs, awsx creates a private subnet of half the zone and a public one of a quarter, in at most a /16.
  const defaultPrefix = zonePrefix + bitsFor(specs.length);
  return Array.from({ length: zones }, (_, zone) => {
    let next = vpc.base + zone * 2 ** (32 - zonePrefix);
    return specs.map((spec) => {
      const explicit = spec.cidrBlocks?.[zone];
      if (explicit !== undefined) return explicit;
      const prefix = spec.cidrMask ?? defaultPrefix;
      const size = 2 ** (32 - prefix);
      const base = Math.ceil(next / size) * size;
      next = base + size;
      return formatRange({ base, prefix });
    });
  });
}

export function defaultSpecs(vpc: Range, zones: number): SubnetSpec[] {
  const prefix = Math.max(vpc.prefix + bitsFor(zones), 16);
  return [
    { type: "Private", cidrMask: prefix + 1 },
    { type: "Public", cidrMask: prefix + 2 },
  ];
}

const bitsFor = (count: number): number => Math.ceil(Math.log2(count));
