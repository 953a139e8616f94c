import { homedir } from "node:os";
import type { Cloud } from "../service";
import { NPM_HOME } from "./npm";

/** The variable that tells the stand-in, in a process of its own, where the registries of the account answer. */
export const REGISTRIES = "REHEARSAL_REGISTRIES";

/** The variable that tells it which registries do not answer. */
export const UNREACHABLE = "REHEARSAL_UNREACHABLE_REGISTRIES";

/** Docker Hub is not dependable from China, and AWS offers its public gallery outside China alone. */
const OUTSIDE_CHINA = ["docker.io", "index.docker.io", "registry-1.docker.io", "public.ecr.aws"];

/** What a build's environment needs for `docker`: a registry's name is no name that this computer's DNS knows. */
export function dockerEnvironment(cloud: Pick<Cloud, "addresses" | "dnsSuffix">): Record<string, string> {
  const registries = [...cloud.addresses].filter(([name]) => name.includes(".dkr.ecr."));
  return {
    [REGISTRIES]: JSON.stringify(Object.fromEntries(registries)),
    [NPM_HOME]: homedir(),
    [UNREACHABLE]: JSON.stringify(cloud.dnsSuffix.endsWith(".cn") ? OUTSIDE_CHINA : []),
  };
}
