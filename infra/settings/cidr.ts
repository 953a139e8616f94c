// cidr-tools merges overlapping, adjacent and nested networks, and loads in 2 ms.
import { containsCidr, mergeCidr } from "cidr-tools";
import { type Check, fail, isNot } from "./check";

/** An IPv4 network: its first address as bits, and the prefix length. */
interface Ipv4Network {
  bits: number;
  prefix: number;
}

/** A network such as `10.20.0.0/16`, written with its first address, and with a prefix from `widest` to `narrowest`. */
export function ipv4Network(what: string, widest: number, narrowest: number, example: string): Check<string> {
  const allowed = `a network of /${widest} to /${narrowest}, such as ${example}`;
  return (value, path, mistakes) => {
    const read = readNetwork(value);
    if (read === undefined || read.prefix < widest || read.prefix > narrowest)
      return fail(mistakes, isNot(path, value, what, allowed));
    const network = written(wider(read, read.prefix));
    return network === value
      ? network
      : fail(mistakes, isNot(path, value, "the first address of its network", network));
  };
}

/** The minimal list of networks with the same addresses, sorted by address. */
export const merged = (cidrs: string[]): string[] => mergeCidr(cidrs);

/** Whether `outer` includes all addresses of `inner`. */
export const contains = (outer: string, inner: string): boolean => containsCidr(outer, inner);

/**
 * Widens a network to `/prefix`; wider networks are unchanged.
 * @throws Error if the text is no IPv4 network
 */
export function widened(cidr: string, prefix: number): string {
  const read = readNetwork(cidr);
  if (read === undefined) throw new Error(`${JSON.stringify(cidr)} is not an IPv4 network such as 10.20.0.0/16`);
  return written(wider(read, Math.min(prefix, read.prefix)));
}

export const isIpv4 = (cidr: string): boolean => readNetwork(cidr) !== undefined;

function readNetwork(value: unknown): Ipv4Network | undefined {
  const match = typeof value === "string" ? /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(value) : null;
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return undefined;
  return { bits: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, prefix };
}

/** JavaScript shifts by 0 instead of 32. */
const wider = ({ bits }: Ipv4Network, prefix: number): Ipv4Network => ({
  bits: prefix === 0 ? 0 : (bits & (-1 << (32 - prefix))) >>> 0,
  prefix,
});

const written = ({ bits, prefix }: Ipv4Network): string =>
  `${[24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".")}/${prefix}`;
