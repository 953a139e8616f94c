import type { Scenario, Step } from "./scenario";
import { builtInVain, fromBrowsers, lists, refusals } from "./steps/gitopsAnswers";
import { areOpen, opens, opensByDigest, opensOnce, repeats, supersedes, unchanged } from "./steps/gitopsOpened";
import {
  apiRecovers,
  asksAgain,
  baseMoves,
  githubIsDown,
  overlayIsMissing,
  taskIsStopped,
  tokenIsMissing,
} from "./steps/gitopsTrouble";
import { gitopsIsPrivate, secret, settings, token } from "./steps/pullRequests";
import { reachedByInstance } from "./steps/reached";
import { noSecretLeaks } from "./steps/secretLeaks";

/** Overrides for a stack's settings: the registry determines whose builds are accepted. */
const laidOver = (environment: string, registry: string): Record<string, unknown> => ({
  "slipway:pullRequests": {
    ...settings,
    origins: ["https://ci.acme.example"],
    circleci: { branches: { main: environment }, image: `{service}=${registry}/{service}`, jobs: ["publish"] },
  },
});

/** From the first pull request to the last, on any network. */
const course: Step[] = [opens(1), repeats(1), supersedes(2, 1), unchanged(2), overlayIsMissing, baseMoves(3, 2)];

const title = "CI tells what it built, and the right pull request appears, once";

export const gitops: Scenario = {
  name: "gitops",
  title,
  settings: laidOver("dev", "123456789012.dkr.ecr.us-east-1.amazonaws.com"),
  secrets: [secret],
  troubled: true,
  steps: [
    tokenIsMissing,
    gitopsIsPrivate,
    refusals,
    builtInVain,
    fromBrowsers,
    ...course,
    githubIsDown(4),
    asksAgain(4, 2),
    taskIsStopped(5, 2),
    apiRecovers(6, 2),
    opensOnce,
    opensByDigest,
    areOpen(/^storefront dev: /, /^backoffice dev: /, /^storefront prod: /),
    lists([
      "storefront prod opened",
      "backoffice dev opened",
      "storefront dev opened",
      "storefront dev opened",
      "storefront dev opened",
      "storefront dev opened",
      "storefront staging failed",
      "storefront dev unchanged",
      "storefront dev opened",
    ]),
    noSecretLeaks([token]),
  ],
};

/** The applications' branches are polled meanwhile. */
const throughInstance = reachedByInstance(
  "selected",
  ["beijing-slipway-gitops-pr api.github.com", "beijing-slipway-gitops-pr github.com"],
  /-poll-/,
);

export const gitopsInBeijing: Scenario = {
  name: "gitops",
  title: `${title}, from Beijing too`,
  stack: "cn-north-1",
  settings: laidOver("beijing", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
  secrets: [secret],
  troubled: true,
  steps: [
    tokenIsMissing,
    gitopsIsPrivate,
    ...course,
    throughInstance,
    lists([
      "storefront beijing opened",
      "storefront staging failed",
      "storefront beijing unchanged",
      "storefront beijing opened",
    ]),
    noSecretLeaks([token]),
  ],
};
