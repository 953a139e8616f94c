import { writeFile } from "node:fs/promises";
import path from "node:path";
import { contains, isIpv4, merged, widened } from "./cidr";

/** The content of infra/settings/githubCidrs.json. */
export interface GithubCidrs {
  /** URL of the published list. */
  source: string;
  /** Date of the download, `2026-09-30`. */
  fetched: string;
  /** IPv4 networks, widened and merged. */
  cidrs: string[];
}

/** https://docs.github.com/en/rest/meta/meta#get-github-meta-information */
export const META = "https://api.github.com/meta";

const KEYS = ["git", "web", "api"] as const;

/** GitHub's own networks, unchanged for years. A response without them is not from GitHub. */
const BASE = ["192.30.252.0/22", "185.199.108.0/22", "140.82.112.0/20", "143.55.64.0/20"];

/**
 * For Azure sites, GitHub publishes single addresses, and not all of them: archives of github.com (20.205.243.166)
 * come from codeload.github.com (20.205.243.165), which is not listed. The addresses in a /28 belong to the same site.
 */
const WIDEST = 28;

/** GitHub's IPv4 networks as routes: those narrower than /28 are widened to /28, then all are merged. */
export const widen = (cidrs: string[]): string[] => merged(cidrs.filter(isIpv4).map((cidr) => widened(cidr, WIDEST)));

/**
 * Downloads the published list.
 * @throws Error if the response is not GitHub's, or lacks its base ranges
 */
export async function fetchGithubCidrs(source: string, now: Date): Promise<GithubCidrs> {
  const cidrs = widen(published(await answerOf(source), source));
  const missing = BASE.filter((base) => !cidrs.some((cidr) => contains(cidr, base)));
  if (missing.length > 0) throw refusal(source, `lacks ${missing.join(", ")}, which GitHub has had for years`);
  return { source, fetched: now.toISOString().slice(0, 10), cidrs };
}

async function answerOf(source: string): Promise<string> {
  const response = await fetch(source, { signal: AbortSignal.timeout(30_000) }).catch((error: Error) => {
    // undici only reports "fetch failed"; the reason is in the cause.
    const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
    throw refusal(source, `does not answer (${code ?? message})`);
  });
  if (!response.ok) throw refusal(source, `answered ${response.status}`);
  return response.text();
}

function published(body: string, source: string): string[] {
  let meta: Record<string, unknown>;
  try {
    meta = Object(JSON.parse(body));
  } catch {
    throw refusal(source, "returned something other than JSON");
  }
  return KEYS.flatMap((key) => {
    const cidrs = meta[key];
    if (Array.isArray(cidrs) && cidrs.every(isNetwork)) return cidrs;
    throw refusal(source, `has no list of networks named ${key}`);
  });
}

const isNetwork = (cidr: unknown): boolean => typeof cidr === "string" && (isIpv4(cidr) || cidr.includes(":"));

const refusal = (source: string, cause: string): Error =>
  new Error(
    `${source} ${cause}: infra/settings/githubCidrs.json was not changed. Try again, or set githubCidrs in the stack file.`,
  );

async function main(): Promise<void> {
  const found = await fetchGithubCidrs(META, new Date());
  await writeFile(path.join(__dirname, "githubCidrs.json"), `${JSON.stringify(found, undefined, 2)}\n`);
  console.log(`infra/settings/githubCidrs.json: ${found.cidrs.length} networks.`);
}

if (require.main === module)
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
