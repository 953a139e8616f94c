import type { ForgeName } from "./proofs";

/** A webhook from the stack's outputs. */
export interface Target {
  forge: ForgeName;
  /** `/webhooks/github` */
  path: string;
  secret: string;
  repository: string;
}

export type Random = () => number;
