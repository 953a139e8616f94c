import type { Refusal } from "../shared/http/body";
import type { PullRequestRequest } from "./record";

/** The result of reading a request's body. */
export type RequestVerdict =
  | { kind: "wanted"; request: PullRequestRequest }
  /** A build that needs no pull request. */
  | { kind: "ignored"; reason: string }
  | Refusal;
