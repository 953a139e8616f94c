import { homedir } from "node:os";

/** What npm needs to know of this computer. */
export interface NpmOptions {
  /** How npm is run. */
  command: string[];
  /** What installing needs of this computer's environment: where npm's configuration is, and its cache. */
  environment: Record<string, string>;
  /** Where `--global` installs. */
  prefix: string;
}

/** The variable by which a build that has a HOME of its own knows this computer's. */
export const NPM_HOME = "REHEARSAL_NPM_HOME";

// npm hands its own configuration down in variables: `npm start` does.
const CONFIGURATION =
  /^(npm_config_(registry|cache|userconfig|globalconfig|cafile|(https_?|no)?proxy|strict_ssl)|(https?|no)_proxy|node_extra_ca_certs)$/i;

/** Of an environment, what installing needs. */
export function npmEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(environment).filter(([name, value]) => value !== undefined && CONFIGURATION.test(name));
  return {
    HOME: environment[NPM_HOME] ?? homedir(),
    ...(Object.fromEntries(given) as Record<string, string>),
    npm_config_prefer_offline: "true",
  };
}

/**
 * Stands in for `npm` while an image is built: the real one, which installs from the registry, and through the cache,
 * that npm has on this computer. The registry that the build names is one that the account's builds reach.
 *
 * Its text is written into a file of its own: it uses nothing of this module, nor of any other.
 */
export function npm({ command: [program = "", ...before], environment, prefix }: NpmOptions): void {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const args = process.argv.slice(2);
  const [name = ""] = args.filter((it) => !it.startsWith("-"));
  // Builds clean it to keep it out of a layer.
  if (name === "cache") {
    console.log("npm cache: it is this computer's own: nothing of it is in the image");
    return;
  }
  const installs = ["ci", "clean-install", "install", "i", "add"].includes(name);
  const isGlobal = args.some((it) => it === "-g" || it === "--global" || it === "--location=global");
  const kept = args.filter((it, index) => !/^--registry(=|$)/.test(it) && args[index - 1] !== "--registry");
  const inherited = Object.entries(process.env).filter(([key]) => !/^npm_config_registry$/i.test(key));
  const { status, error } = spawnSync(program, [...before, ...kept], {
    stdio: "inherit",
    env: {
      ...Object.fromEntries(inherited),
      ...(installs ? environment : {}),
      ...(isGlobal ? { npm_config_prefix: prefix } : {}),
    },
  });
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}
