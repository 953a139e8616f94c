import type { Refusal } from "../shared/http/body";
import type { PullRequestRequest } from "./record";

/** What the body of a request asks for. */
export type RequestVerdict =
  | { kind: "wanted"; request: PullRequestRequest }
  /** A build that is no reason for a pull request. */
  | { kind: "ignored"; reason: string }
  | Refusal;
