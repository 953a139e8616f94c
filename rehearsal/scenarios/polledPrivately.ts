import type { Scenario } from "./scenario";
import { reachedByInstance } from "./steps/reached";
import { secret, withToken } from "./steps/secretToken";

export const polledPrivately: Scenario = {
  name: "polledPrivately",
  title: "a private repository is polled and fetched with a token through the NAT instance",
  stack: "cn-north-1",
  settings: { "slipway:forges": { github: { token: secret } } },
  secrets: [secret],
  // Polling starts before the secret has a value, and may coincide with a token change.
  troubled: true,
  steps: [
    ...withToken,
    reachedByInstance("selected", [
      "fetch api.github.com",
      "fetch codeload.github.com",
      "fetch github.com",
      "poll github.com",
    ]),
  ],
};
