import type { Scenario } from "../scenario";
import { secret, withToken } from "../secretToken";

export const privateRepository: Scenario = {
  name: "privateRepository",
  title: "a private repository is fetched with a token, which may be changed, and which nothing tells",
  settings: { "slipway:forges": { github: { token: secret } } },
  secrets: [secret],
  steps: withToken,
};
