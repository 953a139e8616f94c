import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";

export interface Buildspec {
  env: { shell: string; "exported-variables"?: string[] };
  phases: Record<string, { commands?: string[]; "runtime-versions"?: Record<string, number> }>;
}

export interface BuildspecRun {
  code: number | null;
  /** What the programs that stand in for others were called with. */
  calls: string[];
  exported: Record<string, string | undefined>;
  /** imagedefinitions.json, if there is one. */
  definitions: string | undefined;
  errors: string;
}

export interface BuildspecInput {
  variables?: Record<string, string>;
  /** By their names in the source's folder. */
  files?: Record<string, string>;
  /** Programs, by name, as bash scripts. What they append to `$CALLS` is a call. */
  programs?: Record<string, string>;
}

/** Runs all commands of a buildspec in one shell, as CodeBuild does, up to the first that fails. */
export function runBuildspec(
  buildspec: string,
  { variables = {}, files = {}, programs = {} }: BuildspecInput,
): BuildspecRun {
  const { env, phases }: Buildspec = parse(buildspec);
  const { "exported-variables": exported = [] } = env;
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-buildspec-"));
  try {
    const bin = path.join(folder, "bin");
    mkdirSync(bin);
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(path.join(bin, name), `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });
    }
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(folder, name), text);
    }
    const commands = Object.values(phases).flatMap((phase) => phase.commands ?? []);
    const script = commands.map((command) => `${command}\n[ $? -eq 0 ] || exit 1\n`).join("");
    const show = exported.map((name) => `printenv ${name} >> "$EXPORTED"\n`).join("");
    const notes = { CALLS: path.join(folder, "calls"), EXPORTED: path.join(folder, "exported") };
    writeFileSync(notes.CALLS, "");
    writeFileSync(notes.EXPORTED, "");
    const { status, stderr } = spawnSync("bash", ["--norc", "-c", script + show], {
      cwd: folder,
      env: { PATH: `${bin}:${process.env.PATH}`, ...notes, ...variables },
    });
    const values = readFileSync(notes.EXPORTED, "utf8").split("\n");
    const definitions = path.join(folder, "imagedefinitions.json");
    return {
      code: status,
      calls: readFileSync(notes.CALLS, "utf8").trim().split("\n"),
      exported: Object.fromEntries(exported.map((name, index) => [name, values[index]])),
      definitions: existsSync(definitions) ? readFileSync(definitions, "utf8") : undefined,
      errors: stderr.toString(),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
