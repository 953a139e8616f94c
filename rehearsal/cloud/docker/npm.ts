import { homedir } from "node:os";

/** What npm needs to know about this machine. */
export interface NpmOptions {
  /** The command that runs npm. */
  command: string[];
  /** This machine's variables that installing needs: npm's configuration and cache. */
  environment: Record<string, string>;
  /** Where `--global` installs. */
  prefix: string;
}

/** The variable that holds this machine's HOME for a build with its own HOME. */
export const NPM_HOME = "REHEARSAL_NPM_HOME";

// npm passes its own configuration in variables, as in `npm start`.
const CONFIGURATION =
  /^(npm_config_(registry|cache|userconfig|globalconfig|cafile|(https_?|no)?proxy|strict_ssl)|(https?|no)_proxy|node_extra_ca_certs)$/i;

/** The part of an environment that installing needs. */
export function npmEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(environment).filter(([name, value]) => value !== undefined && CONFIGURATION.test(name));
  return {
    HOME: environment[NPM_HOME] ?? homedir(),
    ...(Object.fromEntries(given) as Record<string, string>),
    npm_config_prefer_offline: "true",
  };
}

/**
 * Stands in for `npm` while an image is built. Runs the real one, which installs through this machine's npm registry
 * and cache. The account's builds can reach the registry that the build names.
 *
 * Its source is written to a separate file, so it must use nothing from this module or any other.
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
