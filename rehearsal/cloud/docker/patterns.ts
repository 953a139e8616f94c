import { readFile } from "node:fs/promises";

/** Go's filepath.Match, and `**` for any folders, which docker adds to it: `*` takes names that begin with a dot too. */
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
  /** Whether a path of the context is left out. */
  ignores(path: string): boolean;
  /** Whether anything inside a folder that is left out may be taken back in. */
  exceptions: boolean;
}

export const IGNORE_NOTHING: Ignore = { ignores: () => false, exceptions: false };

/**
 * Reads .dockerignore: the last pattern that matches the path, or a folder above it, decides; `!` takes it back in.
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
