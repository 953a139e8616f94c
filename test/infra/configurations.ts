import { checkSettings } from "../../infra/settings/schema";

export type Raw = Record<string, unknown>;

export const web = { name: "web", port: 8080 };
export const storefront = {
  name: "storefront",
  source: { push: { repository: "acme/storefront", branch: "main" } },
  services: [web],
};
export const smallest: Raw = {
  "aws:region": "us-east-1",
  "slipway:environment": "dev",
  "slipway:applications": [storefront],
};

export const withKeys = (keys: Raw): Raw => ({ ...smallest, ...keys });
export const withApplication = (keys: Raw): Raw => withKeys({ "slipway:applications": [{ ...storefront, ...keys }] });
export const withPush = (keys: Raw): Raw =>
  withApplication({ source: { push: { ...storefront.source.push, ...keys } } });
/** An application of images, with keys of its source and its own. */
export const withImage = (keys: Raw, more: Raw = {}): Raw =>
  withApplication({ source: { image: { repository: "storefront", tag: "staging", ...keys } }, ...more });
export const withService = (keys: Raw): Raw => withApplication({ services: [{ ...web, ...keys }] });
export const withServices = (...services: Raw[]): Raw => withApplication({ services });

export function mistakesOf(raw: Raw, secretKeys: string[] = []): string[] {
  const checked = checkSettings(raw, secretKeys);
  return checked.ok ? [] : checked.mistakes;
}
