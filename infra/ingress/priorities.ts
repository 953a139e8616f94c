import { createHash } from "node:crypto";
import type { WebService } from "../settings/derived";

/** First and last of a range of priorities. A listener rule can have 1 to 50000; the lowest number goes first. */
type Range = [first: number, last: number];

const HOSTED: Range = [1, 40_000];
const CATCH_ALL: Range = [40_001, 50_000];

/**
 * A priority for the listener rule of each web service. It depends on the service's name, not on its place in the stack
 * file: AWS refuses a priority that is taken, so rules that swap theirs could not be updated one after the other. And a
 * service that is renamed gets another one, for Pulumi makes the new rule before it deletes the old one.
 * The service without hosts comes last.
 */
export function priorities(services: WebService[]): Map<string, number> {
  const taken = new Set<number>();
  const priority = ({ name, hosted }: WebService): number => {
    const [first, last] = hosted ? HOSTED : CATCH_ALL;
    const size = last - first + 1;
    let candidate = first + (createHash("sha256").update(name).digest().readUInt32BE() % size);
    while (taken.has(candidate)) candidate = candidate === last ? first : candidate + 1;
    taken.add(candidate);
    return candidate;
  };
  return new Map(services.map((service) => [service.name, priority(service)]));
}
