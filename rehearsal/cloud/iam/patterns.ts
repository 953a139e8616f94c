/**
 * Whether a pattern of a condition on ARNs matches: each of the six parts is compared separately. In a Resource, a
 * wildcard may reach beyond its part.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === "*") return true;
  const [patterns, parts] = [partsOf(pattern), partsOf(arn)];
  return patterns.length === parts.length && patterns.every((it, index) => isLike(it, parts[index] ?? ""));
}

function partsOf(arn: string): string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
}

const patterns = new Map<string, RegExp>();

/** Whether a text matches a pattern: `*` stands for any characters, `?` for one. */
export function isLike(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === text;
  let known = patterns.get(pattern);
  if (known === undefined) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    known = new RegExp(`^${source}$`, "s");
    patterns.set(pattern, known);
  }
  return known.test(text);
}
