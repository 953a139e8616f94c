import { homedir } from "node:os";
import type { Cloud } from "../service";
import { NPM_HOME } from "./npm";

/** The variable that gives the stand-in, in its own process, the addresses of the account's registries. */
export const REGISTRIES = "REHEARSAL_REGISTRIES";

/** The variable with the unreachable registries. */
export const UNREACHABLE = "REHEARSAL_UNREACHABLE_REGISTRIES";

/** Docker Hub is unreliable from China, and AWS offers its public gallery only outside China. */
const OUTSIDE_CHINA = ["docker.io", "index.docker.io", "registry-1.docker.io", "public.ecr.aws"];

/** The variables that `docker` needs in a build: this machine's DNS does not resolve the registry's name. */
export function dockerEnvironment(cloud: Pick<Cloud, "addresses" | "dnsSuffix">): Record<string, string> {
  const registries = [...cloud.addresses].filter(([name]) => name.includes(".dkr.ecr."));
  return {
    [REGISTRIES]: JSON.stringify(Object.fromEntries(registries)),
    [NPM_HOME]: homedir(),
    [UNREACHABLE]: JSON.stringify(cloud.dnsSuffix.endsWith(".cn") ? OUTSIDE_CHINA : []),
  };
}
