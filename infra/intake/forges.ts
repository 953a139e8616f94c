import { FORGE_URLS, FORGES, type Forge } from "../../handlers/shared/forge";
import type { ForgeAccessOptions } from "../../handlers/shared/forgeAccess";
import type { Statement } from "../foundation/role";
import { readingSecret, secretLocation } from "../foundation/secrets";
import type { DeepInput } from "../lambda/lambdaFunction";
import type { Settings } from "../settings";
import { trackedBranches } from "../settings/derived";

/** How functions reach the forges of a stack's pushes. */
export interface ForgeAccess {
  options: DeepInput<ForgeAccessOptions>;
  /** Permissions to read the tokens of private repositories. */
  statements: Statement[];
}

/** The forges of the given sources, without duplicates. */
export const forgesOf = (sources: { forge: Forge }[]): Forge[] =>
  FORGES.filter((forge) => sources.some((source) => source.forge === forge));

/** The forge's base URL. */
export const forgeUrl = (forge: Forge, settings: Settings["forges"]): string =>
  settings[forge]?.url ?? FORGE_URLS[forge];

/** URLs that the stack's functions call, and the URL that checks the NAT instance. */
export function forgeAddresses(settings: Settings): { forges: string[]; probe: string } {
  const forges = forgesOf(trackedBranches(settings));
  return {
    forges: forges.map((forge) => forgeUrl(forge, settings.forges)),
    probe: forgeUrl(settings.pullRequests ? "github" : (forges[0] ?? "github"), settings.forges),
  };
}

/** How fetch and poll reach the forges of the tracked branches. */
export function forgeAccess(settings: Settings): ForgeAccess {
  const statements: Statement[] = [];
  const options = forgesOf(trackedBranches(settings)).map((forge) => {
    const url = forgeUrl(forge, settings.forges);
    const reference = settings.forges[forge]?.token;
    if (reference === undefined) return [forge, { url }];
    const token = secretLocation(reference);
    statements.push(readingSecret(token));
    return [forge, { url, token }];
  });
  return { options: Object.fromEntries(options), statements };
}
