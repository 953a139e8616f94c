import type { Cloud } from "../service";

/** The variable that tells the stand-in, in a process of its own, where the registries of the account answer. */
export const REGISTRIES = "REHEARSAL_REGISTRIES";

/** What a build's environment needs for `docker`: a registry's name is no name that this computer's DNS knows. */
export function dockerEnvironment(cloud: Cloud): Record<string, string> {
  const registries = [...cloud.addresses].filter(([name]) => name.includes(".dkr.ecr."));
  return { [REGISTRIES]: JSON.stringify(Object.fromEntries(registries)) };
}
