import { createHash } from "node:crypto";

/** The lowest priority that a listener rule can have. */
const LAST = 50_000;

/** A web service, as the load balancer tells it from the others. */
export interface Routed {
  /** `<application>-<service>` */
  name: string;
  /** Whether it has hosts of its own. */
  hosted: boolean;
}

/**
 * A priority for the listener rule of each web service. It depends on the service's name, not on its place in the stack
 * file: AWS refuses a priority that is taken, so rules that swap theirs could not be updated one after the other.
 * The service without hosts comes last.
 */
export function priorities(services: Routed[]): Map<string, number> {
  const taken = new Set<number>();
  const priority = ({ name, hosted }: Routed): number => {
    if (!hosted) return LAST;
    let candidate = (createHash("sha256").update(name).digest().readUInt32BE() % (LAST - 1)) + 1;
    while (taken.has(candidate)) candidate = (candidate % (LAST - 1)) + 1;
    taken.add(candidate);
    return candidate;
  };
  return new Map(services.map((service) => [service.name, priority(service)]));
}
