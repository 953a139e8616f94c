import type { Scenario } from "./scenario";
import { secret, withToken } from "./steps/secretToken";

export const privateRepository: Scenario = {
  name: "privateRepository",
  title: "a private repository is fetched with a token, which is rotated, and which appears nowhere",
  settings: { "slipway:forges": { github: { token: secret } } },
  secrets: [secret],
  steps: withToken,
};
