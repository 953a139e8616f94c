import path from "node:path";
import { parseArgs } from "node:util";
import type { Call } from "../codeBuild/programServer";
import { createBaseImages } from "./baseImages";
import { build } from "./build";
import { REGISTRIES, UNREACHABLE } from "./environment";
import { createImageStore, dockerHome, nameOf, parseReference } from "./imageStore";
import { createRegistryClient } from "./registryClient";

/** @param args after the command's name */
type Command = (call: Call, args: string[]) => Promise<void>;

const commands: Record<string, Command> = {
  async login({ input, environment, signal, print }, args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        username: { type: "string", short: "u" },
        password: { type: "string", short: "p" },
        "password-stdin": { type: "boolean" },
      },
    });
    const [registry] = positionals;
    if (registry === undefined) throw new Error("docker login: name the registry: Docker Hub is not simulated");
    const password = values["password-stdin"] ? input.trimEnd() : values.password;
    if (values.username === undefined || password === undefined)
      throw new Error("docker login: --username and --password-stdin are both needed: nobody is there to be asked");
    await registryClient({ environment, signal }).login(registry, values.username, password);
    print("Login Succeeded");
  },

  async build({ directory, environment, signal, print, complain }, args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        file: { type: "string", short: "f" },
        tag: { type: "string", short: "t", multiple: true },
        "build-arg": { type: "string", multiple: true },
        label: { type: "string", multiple: true },
        platform: { type: "string" },
        target: { type: "string" },
        quiet: { type: "boolean", short: "q" },
        // Nothing is cached between builds, and base images are always current.
        "no-cache": { type: "boolean" },
        pull: { type: "boolean" },
        progress: { type: "string" },
      },
    });
    const [context, ...more] = positionals;
    if (context === undefined || more.length > 0)
      throw new Error("docker build: requires exactly one folder, the context");
    const image = await build(store(environment), {
      context: path.resolve(directory, context),
      // Relative to the working directory if given, otherwise to the context.
      dockerfile: path.resolve(directory, values.file ?? path.join(context, "Dockerfile")),
      tags: values.tag ?? [],
      arguments: buildArguments(values["build-arg"] ?? [], environment),
      labels: labels(values.label ?? []),
      platform: values.platform ?? "linux/amd64",
      target: values.target,
      baseImages: createBaseImages({
        client: registryClient({ environment, signal }),
        unreachable: JSON.parse(environment[UNREACHABLE] ?? "[]"),
      }),
      print: values.quiet ? () => {} : print,
      // As in BuildKit, so that `--quiet` prints only the digest.
      output: complain,
      environment,
      signal,
    });
    if (values.quiet) return print(image.config.digest);
    print(`writing image ${image.config.digest}`);
    for (const tag of values.tag ?? []) print(`naming to ${tag}`);
  },

  async tag({ environment }, args) {
    const [source, target, ...more] = args;
    if (source === undefined || target === undefined || more.length > 0)
      throw new Error("docker tag: requires exactly two arguments, an image and its new name");
    const images = store(environment);
    await images.tag(await images.find(source), parseReference(target));
  },

  async push({ environment, signal, print }, args) {
    const { positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { quiet: { type: "boolean", short: "q" } },
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw new Error("docker push: requires exactly one argument, the image");
    const images = store(environment);
    const image = await images.find(name);
    const reference = parseReference(name);
    if (reference.registry === "")
      throw new Error(`docker push ${name}: name the registry: Docker Hub is not simulated`);
    print(`The push refers to repository [${nameOf(reference)}]`);
    const { digest, size } = await registryClient({ environment, signal }).push(reference, image);
    await images.pushed(image, `${nameOf(reference)}@${digest}`);
    print(`${reference.tag}: digest: ${digest} size: ${size}`);
  },

  async inspect({ environment, print }, args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { format: { type: "string", short: "f" }, type: { type: "string" } },
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0)
      throw new Error("docker inspect: requires exactly one argument, the image");
    const images = store(environment);
    const image = await images.find(name);
    const details = {
      Id: image.config.digest,
      RepoTags: await images.tagsOf(image),
      RepoDigests: image.repositoryDigests,
    };
    print(values.format === undefined ? JSON.stringify([details], null, 4) : format(values.format, details));
  },
};

const registryClient = ({ environment, signal }: Pick<Call, "environment" | "signal">) =>
  createRegistryClient({
    home: dockerHome(environment),
    registries: JSON.parse(environment[REGISTRIES] ?? "{}"),
    signal,
  });

const store = (environment: Call["environment"]) => createImageStore(dockerHome(environment));

/** `NAME=value`, or just `NAME` for the value from the environment. */
function buildArguments(given: string[], environment: Call["environment"]): Map<string, string> {
  return new Map(
    given.flatMap((it): [string, string][] => {
      const at = it.indexOf("=");
      if (at >= 0) return [[it.slice(0, at), it.slice(at + 1)]];
      const value = environment[it];
      return value === undefined ? [] : [[it, value]];
    }),
  );
}

/** `key=value`, or just `key` for an empty value. */
function labels(given: string[]): Record<string, string> {
  const entries = given.map((it): [string, string] => {
    const at = it.indexOf("=");
    return at < 0 ? [it, ""] : [it.slice(0, at), it.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}

/** The two templates that builds use; Go's template language is not simulated. */
function format(template: string, details: { Id: string; RepoDigests: string[] }): string {
  const asked = template.replaceAll(/\s+/g, "");
  if (asked === "{{.Id}}") return details.Id;
  if (asked !== "{{index.RepoDigests0}}")
    throw new Error(`docker inspect: --format ${template} is not simulated: {{.Id}} and {{index .RepoDigests 0}} are`);
  const [digest] = details.RepoDigests;
  if (digest === undefined)
    throw new Error("template parsing error: index out of range: 0: the image has not been pushed");
  return digest;
}

/**
 * The stand-in for `docker` in a build: no daemon, no root, no virtual machine. An image is a folder of files and a
 * configuration. The registry is accessed over its HTTP API.
 */
export async function docker(call: Call): Promise<number> {
  const [name = "", ...args] = call.args;
  try {
    const command = commands[name];
    if (command === undefined)
      throw new Error(
        `docker ${name}: not simulated: the rehearsal's docker knows ${Object.keys(commands).join(", ")}`,
      );
    await command(call, args);
    return 0;
  } catch (error) {
    call.complain(`ERROR: ${(error as Error).message}`);
    return 1;
  }
}
