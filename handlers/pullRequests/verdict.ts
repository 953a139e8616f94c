import type { PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";
import type { Refusal } from "../shared/http/body";

/** The result of reading a request's body. */
export type RequestVerdict =
  | { kind: "wanted"; request: PullRequestRequest }
  /** A build that needs no pull request. */
  | { kind: "ignored"; reason: string }
  | Refusal;
