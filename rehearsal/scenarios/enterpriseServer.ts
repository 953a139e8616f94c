import { enterpriseHost } from "../forges/forges";
import { storefront } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { secret, withToken } from "./steps/secretToken";

export const enterpriseServer: Scenario = {
  name: "enterpriseServer",
  title: "the same with a GitHub Enterprise Server at its own address",
  settings: { "slipway:forges": { github: { url: `https://${enterpriseHost}`, token: secret } } },
  secrets: [secret],
  steps: [
    {
      title: `the repository is at ${enterpriseHost}`,
      async run(context) {
        context.repository = await context.forges.createRepository(storefront, enterpriseHost);
        return undefined;
      },
    },
    ...withToken,
  ],
};
