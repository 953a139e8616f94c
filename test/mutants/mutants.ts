import { delivering } from "./delivery";
import { deploying } from "./deploy";
import { fetching } from "./fetch";
import { infrastructure } from "./infra";
import { intake } from "./intake";
import type { Mutant } from "./mutant";
import { pullRequests } from "./pullRequests";
import { settings } from "./settings";

/** Mistakes with serious effects, in the order of a delivery. */
export const MUTANTS: Mutant[] = [
  ...intake,
  ...fetching,
  ...deploying,
  ...delivering,
  ...pullRequests,
  ...infrastructure,
  ...settings,
];
