import { FORGE_URLS, FORGES, type Forge } from "../../handlers/shared/forge";
import type { ForgeAccessOptions } from "../../handlers/shared/forgeAccess";
import type { Statement } from "../foundation/role";
import { readingSecret, secretLocation } from "../foundation/secrets";
import type { DeepInput } from "../lambda/lambdaFunction";
import type { Settings } from "../settings";

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

export function accessTo(forges: Forge[], settings: Settings["forges"]): ForgeAccess {
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
