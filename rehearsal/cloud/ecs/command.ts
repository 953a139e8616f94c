import { existsSync, statSync } from "node:fs";
import path from "node:path";
import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import type { RunConfig } from "../docker/imageStore";
import { isExecutable, searchPath } from "../docker/programs";

/** A container's command, as run on this machine. */
export interface ProcessCommand {
  command: string[];
  /** Its working directory. */
  directory: string;
  environment: Record<string, string>;
}

/**
 * The command of a container by Docker's rules: an entry point in the task definition clears the image's command.
 * @param root the folder of the image's files
 * @param injected variables that ECS adds to every environment
 * @param secrets values by variable name
 * @param programs a folder for the images' programs, which containers may share
 * @throws if there is no command
 */
export function commandOf(
  definition: ContainerDefinition,
  image: RunConfig,
  root: string,
  injected: Record<string, string>,
  secrets: Record<string, string>,
  programs = path.join(path.dirname(root), "programs"),
): ProcessCommand {
  const entryPoint = definition.entryPoint ?? image.Entrypoint;
  const arguments_ = definition.command ?? (definition.entryPoint === undefined ? image.Cmd : []);
  const environment = { ...injected, ...environmentOf(definition, image, root, programs), ...secrets };
  const directory = path.join(root, definition.workingDirectory ?? image.WorkingDir);
  const command = officialEntryPoint([...entryPoint, ...arguments_], directory, environment.PATH ?? "");
  if (command.length === 0)
    throw new Error("CannotStartContainerError: no command specified, neither by the image nor by the task definition");
  return { command: command.map((it) => inImage(root, it)), directory, environment };
}

/** `docker-entrypoint.sh` of the official node images: if it is not a program, it is an argument of `node`. */
function officialEntryPoint([first, ...rest]: string[], directory: string, searchPath: string): string[] {
  if (first === undefined) return [];
  if (first !== "docker-entrypoint.sh") return [first, ...rest];
  const [program = "-"] = rest;
  const file = path.join(directory, program);
  const script = existsSync(file) && statSync(file).isFile() && !isExecutable(file);
  const known = program.includes("/") ? isExecutable(file) || path.isAbsolute(program) : onPath(program, searchPath);
  return program.startsWith("-") || script || !known ? ["node", ...rest] : rest;
}

const onPath = (program: string, searchPath: string): boolean =>
  searchPath.split(":").some((folder) => isExecutable(path.join(folder, program)));

/** An absolute path is the image's if the image has such a file, otherwise this machine's. */
function inImage(root: string, argument: string): string {
  const file = path.join(root, argument);
  return path.isAbsolute(argument) && existsSync(file) ? file : argument;
}

function environmentOf(
  definition: ContainerDefinition,
  image: RunConfig,
  root: string,
  programs: string,
): Record<string, string> {
  const given = image.Env.map((it) => [it.slice(0, it.indexOf("=")), it.slice(it.indexOf("=") + 1)]);
  const declared = (definition.environment ?? []).map(({ name = "", value = "" }) => [name, value]);
  const environment: Record<string, string> = { ...Object.fromEntries(given), ...Object.fromEntries(declared) };
  return { ...environment, PATH: searchPath(root, environment, programs) };
}
