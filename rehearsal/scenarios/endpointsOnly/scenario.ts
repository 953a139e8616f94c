import { reachedByInstance } from "../reached";
import type { Scenario } from "../scenario";
import { secret, withToken } from "../secretToken";

/** What tasks and functions need if nothing else leads out: https://docs.aws.amazon.com/vpc/latest/privatelink/ */
const endpoints = ["s3", "ecr.api", "ecr.dkr", "logs", "sqs", "sns", "codepipeline", "secretsmanager"];

export const endpointsOnly: Scenario = {
  name: "endpointsOnly",
  title: "a private repository is polled and fetched through the NAT instance, and AWS is reached only by endpoints",
  stack: "cn-north-1",
  settings: {
    "slipway:network": {
      cidr: "10.40.0.0/16",
      availabilityZones: ["cn-north-1a", "cn-north-1b"],
      egress: "none",
      endpoints,
      natInstance: {},
    },
    "slipway:forges": { github: { token: secret } },
  },
  secrets: [secret],
  // Polls begin before the secret has a value, and may come while the token is being changed.
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
