import { FORGE_URLS, FORGES, type Forge } from "../../handlers/shared/forge";
import type { ForgeAccessOptions } from "../../handlers/shared/forgeAccess";
import type { Statement } from "../foundation/role";
import { readingSecret, secretLocation } from "../foundation/secrets";
import type { DeepInput } from "../lambda/lambdaFunction";
import type { Settings } from "../settings";
import { trackedBranches } from "../settings/derived";

/** How functions reach the forges that a stack takes pushes from. */
export interface ForgeAccess {
  options: DeepInput<ForgeAccessOptions>;
  /** Reading the tokens of private repositories. */
  statements: Statement[];
}

/** The forges that pushes are taken from. */
export const forgesOf = (sources: { forge: Forge }[]): Forge[] =>
  FORGES.filter((forge) => sources.some((source) => source.forge === forge));

/** The forge's base address. */
export const forgeUrl = (forge: Forge, settings: Settings["forges"]): string =>
  settings[forge]?.url ?? FORGE_URLS[forge];

/** The addresses that the stack's functions speak to, and the one by which the NAT instance is checked. */
export function forgeAddresses(settings: Settings): { forges: string[]; probe: string } {
  const forges = forgesOf(trackedBranches(settings));
  return {
    forges: forges.map((forge) => forgeUrl(forge, settings.forges)),
    probe: forgeUrl(settings.pullRequests ? "github" : (forges[0] ?? "github"), settings.forges),
  };
}

/** How fetch and poll reach the forges of the tracked branches. */
export const forgeAccess = (settings: Settings): ForgeAccess =>
  accessTo(forgesOf(trackedBranches(settings)), settings.forges);

function accessTo(forges: Forge[], settings: Settings["forges"]): ForgeAccess {
  const statements: Statement[] = [];
  const options = forges.map((forge) => {
    const url = forgeUrl(forge, settings);
    const reference = settings[forge]?.token;
    if (reference === undefined) return [forge, { url }];
    const token = secretLocation(reference);
    statements.push(readingSecret(token));
    return [forge, { url, token }];
  });
  return { options: Object.fromEntries(options), statements };
}
