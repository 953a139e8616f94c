import type { Settings } from "../../infra/settings/model";
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

/** The smallest stack that there is in Beijing. */
export const beijing: Raw = { ...smallest, "aws:region": "cn-north-1" };

/** The least that can be said of pull requests. */
export const pullRequests = {
  repository: "acme/gitops",
  token: "acme/gitops-token",
  author: { name: "slipway", email: "slipway@acme.example" },
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

export const withPullRequests = (keys: Raw, more: Raw = {}): Raw =>
  withKeys({ "slipway:pullRequests": { ...pullRequests, ...keys }, ...more });
export const withCircleci = (keys: Raw): Raw =>
  withPullRequests({ circleci: { branches: { main: "dev" }, image: "registry.acme.example/{service}", ...keys } });
/** An application whose deployment is a pull request. */
export const gitopsStorefront = { name: "storefront", source: storefront.source, deploy: "gitops" };
export const withGitops = (...applications: Raw[]): Raw =>
  withPullRequests({}, { "slipway:applications": applications.map((keys) => ({ ...gitopsStorefront, ...keys })) });

export const withNetwork = (keys: Raw): Raw => withKeys({ "slipway:network": keys });
/** A network of which some routes lead through an instance. */
export const withInstance = (keys: Raw, network: Raw = {}): Raw => withNetwork({ natInstance: keys, ...network });

/** The files beside Pulumi.yaml. */
export type Files = Record<string, string>;

export function mistakesOf(raw: Raw, secretKeys: string[] = [], files: Files = {}): string[] {
  const checked = checkSettings(raw, secretKeys, reader(files));
  return checked.ok ? [] : checked.mistakes;
}

/** The settings of a configuration without mistakes. */
export function settingsOf(raw: Raw, files: Files = {}): Settings {
  const checked = checkSettings(raw, [], reader(files));
  if (!checked.ok) throw new Error(checked.mistakes.join("\n"));
  return checked.settings;
}

const reader =
  (files: Files) =>
  (file: string): string => {
    const text = files[file];
    if (text === undefined) throw Object.assign(new Error(`${file} is not there`), { code: "ENOENT" });
    return text;
  };
