import type { ForgeName } from "./proofs";

/** A webhook as the stack puts it out. */
export interface Target {
  forge: ForgeName;
  /** `/webhooks/github` */
  path: string;
  secret: string;
  repository: string;
}

export type Random = () => number;
