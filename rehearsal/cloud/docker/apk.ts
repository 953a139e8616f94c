/** What Alpine's package manager needs to know about this machine. */
export interface ApkOptions {
  /** The image's files. */
  root: string;
  /** Alpine's branch, `3.24`, if known. */
  branch?: string | undefined;
  /** Packages that can be installed, and this machine's program for each. */
  packages: Record<string, string>;
  /** Package versions of each branch, from https://pkgs.alpinelinux.org. */
  versions: Record<string, Record<string, string>>;
}

/** Only branches known at the time of writing; on others, every version is accepted. */
export const ALPINE_PACKAGES: ApkOptions["versions"] = {
  "3.21": { git: "2.47.3" },
  "3.22": { git: "2.49.1" },
  "3.23": { git: "2.52.0" },
  "3.24": { git: "2.54.0" },
};

/**
 * Stands in for `apk` while an image is built. An installed package becomes a script in the image that runs this
 * machine's own program.
 *
 * Its source is written to a separate file, so it must use nothing from this module or any other.
 */
export function apk({ root, branch, packages, versions }: ApkOptions): void {
  const { chmodSync, mkdirSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const known = Object.keys(packages).join(", ") || "none";

  function refuse(message: string): never {
    console.error(`ERROR: ${message}`);
    process.exit(1);
  }

  function problemOf(wish: string): string | undefined {
    const [, name = "", operator, version = ""] = /^([a-z0-9][\w.+-]*?)(?:(~=|[~=<>]+)(.+))?$/.exec(wish) ?? [];
    if (packages[name] === undefined)
      return `  ${name || wish} (not simulated): the rehearsal installs what this computer has for it: ${known}`;
    const offered = versions[branch ?? ""]?.[name];
    if (operator === undefined || offered === undefined) return undefined;
    if (operator !== "=" && operator !== "~" && operator !== "~=")
      return `  ${wish} (not simulated): pin ${name} by ${name}~=${offered.replace(/\.\d+$/, "")}`;
    const wanted = version.replace(/-r\d+$/, "");
    const fits = offered === wanted || (operator !== "=" && offered.startsWith(`${wanted}.`));
    return fits ? undefined : `  ${name}-${offered}-r0:\n    breaks: world[${wish}]`;
  }

  function install(wish: string, index: number, all: string[]): void {
    const name = wish.replace(/[~=<>].*$/, "");
    mkdirSync(`${root}/usr/bin`, { recursive: true });
    const file = `${root}/usr/bin/${name}`;
    writeFileSync(file, `#!/bin/sh\nexec '${(packages[name] ?? "").replaceAll("'", "'\\''")}' "$@"\n`);
    chmodSync(file, 0o755);
    console.log(`(${index + 1}/${all.length}) Installing ${name} (this computer's own)`);
  }

  const [command = "", ...args] = process.argv.slice(2);
  if (command === "update") {
    console.log("OK: the rehearsal has no index to update");
    return;
  }
  if (command !== "add") refuse(`apk ${command}: not simulated: the rehearsal's apk knows add and update`);
  // `--virtual` names the packages, so that they can be deleted by that name.
  const named = args.findIndex((it) => it === "--virtual" || it === "-t");
  if (named >= 0) refuse(`apk add ${args[named]}: not simulated: install for the build in a stage of its own`);
  const wishes = args.filter((it) => !it.startsWith("-"));
  const problems = wishes.map(problemOf).filter((it) => it !== undefined);
  if (problems.length > 0) refuse(`unable to select packages:\n${problems.join("\n")}`);
  wishes.forEach(install);
}
