declare module "dynalite" {
  import type { Server } from "node:http";

  /** A DynamoDB that keeps its tables in memory. */
  function dynalite(options?: { createTableMs?: number }): Server;
  export = dynalite;
}
