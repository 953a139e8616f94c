import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type Copy, copy } from "./copy";
import { execForm, type Instruction } from "./dockerfile";
import type { RunConfig } from "./imageStore";
import { IGNORE_NOTHING } from "./patterns";
import { argumentsOf } from "./plan";
import { run } from "./run";
import { type Build, type BuiltStage, environmentOf } from "./stage";
import { assignments, expand, type Lookup, words } from "./variables";

type Execute = (build: Build, stage: BuiltStage, instruction: Instruction) => void | Promise<void>;

/** The effect of each instruction, by keyword. */
export const instructions: Record<string, Execute> = {
  ARG: (build, stage, { text }) => {
    for (const [name, value] of argumentsOf(text, lookupOf(stage))) {
      const given = build.arguments.get(name) ?? value ?? build.globals.get(name);
      if (given !== undefined) stage.arguments.set(name, given);
    }
  },
  ENV: (_, stage, { text }) => {
    for (const [name, value] of assignments(text, lookupOf(stage))) setVariable(stage.config, name, value);
  },
  LABEL: (_, stage, { text }) => {
    const labels = Object.fromEntries(assignments(text, lookupOf(stage)));
    stage.config.Labels = { ...stage.config.Labels, ...labels };
  },
  WORKDIR: async (_, stage, { text }) => {
    stage.config.WorkingDir = path.posix.resolve(stage.config.WorkingDir, expand(text, lookupOf(stage)));
    await mkdir(path.join(stage.root, stage.config.WorkingDir), { recursive: true });
  },
  COPY: (build, stage, instruction) => copyFiles(build, stage, instruction),
  ADD: (build, stage, instruction) => {
    const unpacked = pathsOf(stage, instruction).find((it) =>
      /^(https?|git|ssh):|\.git$|\.(tar|tgz|tar\.\w+)$/.test(it),
    );
    if (unpacked !== undefined)
      throw new Error(
        `${unpacked}: addresses and archives are not simulated: fetch or unpack it before the build, and COPY it`,
      );
    return copyFiles(build, stage, instruction);
  },
  RUN: (build, stage, instruction) => run(build, stage, instruction),
  CMD: (_, stage, { text }) => {
    stage.config.Cmd = execForm(text) ?? [...stage.shell, text];
    stage.command = true;
  },
  ENTRYPOINT: (_, stage, { text }) => {
    stage.config.Entrypoint = execForm(text) ?? [...stage.shell, text];
    // A new entry point clears the base image's command.
    if (!stage.command) stage.config.Cmd = [];
  },
  SHELL: (_, stage, { text }) => {
    const shell = execForm(text);
    if (shell === undefined) throw new Error("SHELL requires the arguments to be in JSON form");
    stage.shell = shell;
  },
  EXPOSE: (_, stage, { text }) => {
    const ports = words(text).map((word) => expand(word, lookupOf(stage)));
    const exposed = ports.map((port) => [port.includes("/") ? port : `${port}/tcp`, {}]);
    stage.config.ExposedPorts = { ...stage.config.ExposedPorts, ...Object.fromEntries(exposed) };
  },
  USER: (_, stage, { text }) => {
    stage.config.User = expand(text, lookupOf(stage));
  },
  VOLUME: async (_, stage, { text }) => {
    for (const volume of execForm(text) ?? words(text))
      await mkdir(path.join(stage.root, expand(volume, lookupOf(stage))), { recursive: true });
  },
  STOPSIGNAL: (_, stage, { text }) => {
    stage.config.StopSignal = expand(text, lookupOf(stage));
  },
  // ECS ignores an image's own health check and uses only the task definition's (HealthCheck, API reference). It is
  // kept for `docker inspect`.
  HEALTHCHECK: (_, stage, { text }) => {
    const command = text.replace(/^CMD\s+/, "");
    stage.config.Healthcheck =
      text === "NONE"
        ? { Test: ["NONE"] }
        : { Test: execForm(command)?.toSpliced(0, 0, "CMD") ?? ["CMD-SHELL", command] };
  },
};

/** The values of variables in an instruction: ENV overrides ARG. */
function lookupOf({ config, arguments: given }: Pick<BuiltStage, "config" | "arguments">): Lookup {
  return (name) => environmentOf(config)[name] ?? given.get(name);
}

function setVariable(config: RunConfig, name: string, value: string): void {
  config.Env = [...config.Env.filter((it) => !it.startsWith(`${name}=`)), `${name}=${value}`];
}

function pathsOf(stage: BuiltStage, { text }: Instruction): string[] {
  return (execForm(text) ?? words(text)).map((it) => expand(it, lookupOf(stage)));
}

async function copyFiles(build: Build, stage: BuiltStage, instruction: Instruction): Promise<void> {
  const paths = pathsOf(stage, instruction);
  const destination = paths.pop();
  if (destination === undefined || paths.length === 0) throw new Error("requires at least two arguments");
  const { root, config } = stage;
  const options: Copy = {
    sources: paths,
    from: build.context,
    ignore: build.ignore,
    root,
    workingDirectory: config.WorkingDir,
    destination,
  };
  for (const [flag, value] of instruction.flags) {
    if (flag === "from") Object.assign(options, { from: stageFolder(build, value), ignore: IGNORE_NOTHING });
    else if (flag === "chmod" && /^[0-7]{3,4}$/.test(value)) options.mode = Number.parseInt(value, 8);
    // All files of an image belong to the user of the rehearsal; the image has one layer.
    else if (flag !== "chown" && flag !== "link") throw new Error(`--${flag}=${value} is not simulated`);
  }
  await copy(options);
}

function stageFolder({ stages }: Build, name: string): string {
  const stage = stages.get(name.toLowerCase());
  if (stage === undefined)
    throw new Error(`--from=${name}: no earlier stage has this name: images are not simulated here`);
  return stage.root;
}
