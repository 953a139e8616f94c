import { enterpriseHost } from "../../forges/forges";
import { storefront } from "../../forges/storefront";
import type { Scenario } from "../scenario";
import { secret, withToken } from "../secretToken";

export const enterpriseServer: Scenario = {
  name: "enterpriseServer",
  title: "the same of a GitHub Enterprise Server at an address of its own",
  settings: { "slipway:forges": { github: { url: `https://${enterpriseHost}`, token: secret } } },
  secrets: [secret],
  steps: [
    {
      title: `the repository is at ${enterpriseHost}`,
      async run(world) {
        world.repository = await world.forges.createRepository(storefront, enterpriseHost);
        return undefined;
      },
    },
    ...withToken,
  ],
};
