import { createHash } from "node:crypto";
import type { WebService } from "../settings/derived";

/** First and last priority of a range. Listener rules have 1 to 50000; the lowest number is evaluated first. */
type Range = [first: number, last: number];

const HOSTED: Range = [1, 40_000];
const CATCH_ALL: Range = [40_001, 50_000];

/**
 * A listener rule priority for each web service. It depends on the service's name, not on its position in the stack
 * file: AWS rejects a priority in use, so two rules could not swap priorities. A renamed service gets a new priority,
 * because Pulumi creates the new rule before it deletes the old one.
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
