import { commitVersion } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { answers, delivers, push } from "./steps/deliveries";
import { reachedByInstance } from "./steps/reached";

/** Endpoints that tasks and functions need in a closed VPC: https://docs.aws.amazon.com/vpc/latest/privatelink/ */
const endpoints = ["s3", "ecr.api", "ecr.dkr", "logs", "sqs", "sns", "codepipeline"];

export const endpointsOnly: Scenario = {
  name: "endpointsOnly",
  title: "without other egress, AWS is reached by endpoints and GitHub through the NAT instance",
  stack: "cn-north-1",
  settings: {
    "slipway:network": {
      cidr: "10.40.0.0/16",
      availabilityZones: ["cn-north-1a", "cn-north-1b"],
      egress: "none",
      endpoints,
      natInstance: {},
    },
  },
  steps: [
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    delivers,
    reachedByInstance("selected", ["fetch codeload.github.com", "fetch github.com", "poll github.com"]),
    answers("1.0.0"),
  ],
};
