import { createHash } from "node:crypto";
import { isIPv4 } from "node:net";
import type { Cloud } from "../service";

// GitHub publishes some single addresses, and codeload's is not among them (https://api.github.com/meta).
const KNOWN: Record<string, string> = {
  "github.com": "20.205.243.166",
  "codeload.github.com": "20.205.243.165",
  "api.github.com": "20.205.243.168",
};

// Ranges that RFC 5737 reserves for documentation: no program has its own reason to route them.
const AWS = { start: "198.51.100", first: 1, size: 63 };
const ELSEWHERE = { start: "203.0.113", first: 1, size: 254 };

/** The addresses of services with gateway endpoints, as in AWS's own prefix lists. */
export const GATEWAY_RANGES: Record<string, string> = { dynamodb: "198.51.100.64/26", s3: "198.51.100.128/25" };

const GATEWAYS: Record<string, typeof AWS> = {
  dynamodb: { start: "198.51.100", first: 64, size: 64 },
  s3: { start: "198.51.100", first: 128, size: 127 },
};

// Hosts whose first label is not the signing name.
const ENDPOINTS: Record<string, string> = { ecr: "api.ecr" };

/** The public address of a host; a name always gets the same. */
export function addressOf(cloud: Pick<Cloud, "region" | "dnsSuffix">, host: string): string {
  if (isIPv4(host)) return host;
  const { start, first, size } = rangeOf(cloud, host);
  return KNOWN[host] ?? `${start}.${first + (digestOf(host) % size)}`;
}

function rangeOf(cloud: Pick<Cloud, "region" | "dnsSuffix">, host: string): typeof AWS {
  if (!isAws(cloud, host)) return ELSEWHERE;
  const service = Object.keys(GATEWAYS).find((it) => `.${host}`.endsWith(`.${serviceHost(cloud, it)}`));
  return GATEWAYS[service ?? ""] ?? AWS;
}

/** Whether a host belongs to AWS in the account's partition. */
export const isAws = ({ dnsSuffix }: Pick<Cloud, "dnsSuffix">, host: string): boolean => host.endsWith(`.${dnsSuffix}`);

/**
 * The host that the SDK calls for a service in the account's region.
 * @param service the signing name: `sqs`, `ecr`
 */
export const serviceHost = ({ region, dnsSuffix }: Pick<Cloud, "region" | "dnsSuffix">, service: string): string =>
  `${ENDPOINTS[service] ?? service}.${region}.${dnsSuffix}`;

const digestOf = (host: string): number => createHash("sha256").update(host).digest().readUInt16BE();
