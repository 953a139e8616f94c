import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { quote } from "../codeBuild/shell";
import { type OperatingSystem, systemOf } from "./operatingSystem";

// BusyBox's programs for files, text and processes, which are also essential in Debian. Excludes system administration:
// it would affect this machine.
const COMMON =
  "[ awk base64 basename cat chgrp chmod chown cksum clear cmp comm cp cut date dd df diff dirname du echo env expand expr " +
  "factor false find flock fold fuser getconf getent getopt grep groups gunzip gzip head hostname iconv id install kill ldd " +
  "link ln ls md5sum mkdir mkfifo mktemp more mv nice nl nohup nproc od paste printenv printf ps pwd readlink realpath rm " +
  "rmdir sed seq setsid sh sha1sum sha256sum sha512sum shred shuf sleep sort split stat strings stty sum sync tac tail tar " +
  "tee test timeout touch tr true truncate tty uname unexpand uniq unlink uptime wc which whoami xargs yes zcat";

const PROGRAMS: Record<OperatingSystem["id"], string> = {
  alpine: `${COMMON} ash bc bunzip2 bzip2 egrep fgrep hexdump less nc nslookup patch pgrep pkill pidof rev tree unxz unzip vi watch wget xxd xz`,
  "debian-slim": `${COMMON} bash egrep fgrep dpkg mawk perl rev`,
};

/**
 * The PATH of an image's processes on this machine: the image's own folders; then this machine's Node.js, in place of
 * the official images'; then this machine's programs, of which the small images get few. So `git` exists if the image
 * installed it, or is one of the large images.
 * @param environment the image's
 * @param folder for programs, which are created once per operating system
 */
export function searchPath(root: string, environment: Record<string, string>, folder: string): string {
  const { PATH: declared = "", NODE_VERSION: node } = environment;
  const own = declared.split(":").filter((it) => path.isAbsolute(it));
  const system = systemOf(root);
  const programs = path.join(folder, system?.id ?? "unknown");
  if (node !== undefined && !existsSync(programs)) install(programs, system);
  return [
    ...own.map((it) => path.join(root, it)),
    ...(node === undefined ? [] : [programs]),
    ...(system === undefined ? own : []),
  ].join(":");
}

function install(folder: string, system: OperatingSystem | undefined): void {
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, path.join(folder, "node"));
  for (const name of ["npm", "npx"]) {
    const command = npmCommand(name);
    if (command !== undefined) writeProgram(folder, name, command);
  }
  for (const name of system === undefined ? [] : PROGRAMS[system.id].split(" ")) {
    const program = findProgram(name);
    if (program !== undefined) symlinkSync(program, path.join(folder, name));
  }
}

// A container's PATH contains a hundred programs, each looked up in every folder of this machine's PATH.
const found = new Map<string, string | undefined>();

/** This machine's path of a program. */
export function findProgram(name: string): string | undefined {
  const folders = process.env.PATH ?? "";
  const key = `${folders}\0${name}`;
  if (!found.has(key)) {
    const files = folders.split(path.delimiter).map((it) => path.join(it, name));
    found.set(
      key,
      files.find((it) => path.isAbsolute(it) && isExecutable(it)),
    );
  }
  return found.get(key);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Absent or not executable: no in either case.
    return false;
  }
}

/**
 * Runs npm or npx with this process's own Node.js. npm is often not beside node if node comes from a package; the
 * rehearsal runs under npm, which reveals its path.
 */
export function npmCommand(name: string): string[] | undefined {
  const installed = findProgram(name);
  const script = `${name}-cli.js`;
  const beside = process.env.npm_execpath && path.join(path.dirname(process.env.npm_execpath), script);
  const scripts = [beside, installed && realpathSync(installed)].filter((it) => it && path.basename(it) === script);
  const file = scripts.find((it) => it !== undefined && existsSync(it));
  if (file !== undefined) return [process.execPath, file];
  return installed === undefined ? undefined : [installed];
}

/** Writes a script that the shell runs: the path of node may be too long, or contain spaces, for a shebang line. */
export function writeProgram(folder: string, name: string, command: string[]): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\nexec ${command.map(quote).join(" ")} "$@"\n`, { mode: 0o755 });
}
