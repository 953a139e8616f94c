import { readFile } from "node:fs/promises";

/** Go's filepath.Match plus docker's `**` for any folders. `*` also matches names that begin with a dot. */
export function patternOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\/\*\*$|\*\*|\*|\?|\[[^\]]*\]|\\[\s\S]|[.+^${}()|]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "/**") return "/.*";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (part.startsWith("[") || part.startsWith("\\")) return part;
    return `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

export interface Ignore {
  /** Whether a path of the context is ignored. */
  ignores(path: string): boolean;
  /** Whether files inside an ignored folder may be included again. */
  exceptions: boolean;
}

export const IGNORE_NOTHING: Ignore = { ignores: () => false, exceptions: false };

/**
 * Reads .dockerignore. The last pattern that matches the path, or a folder above it, decides; `!` includes it again.
 * @param files where to look, the Dockerfile's own first
 */
export async function readIgnore(files: string[]): Promise<Ignore> {
  for (const file of files) {
    const content = await readFile(file, "utf8").catch((error) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (content !== undefined) return parseIgnore(content);
  }
  return IGNORE_NOTHING;
}

export function parseIgnore(content: string): Ignore {
  const patterns = content
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const taken = line.startsWith("!");
      const pattern = line.slice(taken ? 1 : 0).replace(/^(\.?\/)+|\/+$/g, "");
      return { ignored: !taken, matcher: patternOf(pattern) };
    });
  function ignores(path: string): boolean {
    const parts = path.split("/");
    const above = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    const last = patterns.findLast(({ matcher }) => above.some((it) => matcher.test(it)));
    return last?.ignored ?? false;
  }
  return { ignores, exceptions: patterns.some((it) => !it.ignored) };
}
