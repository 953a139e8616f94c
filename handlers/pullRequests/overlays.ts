import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { keyOf } from "./item";
import type { PullRequestRequest } from "./record";
import type { PullRequestTable } from "./store";

/** How long a list of overlays counts, in milliseconds. An overlay that is added later is found after that. */
const VALID = 60_000;

/** An overlay that the gitops repository did not have when a task looked last. */
export interface MissingOverlay {
  /** Its path in the repository. */
  file: string;
  /** When a task looked, ISO 8601. */
  lookedAt: string;
  /** Seconds until another task may look. */
  retryAfter: number;
}

/**
 * Looks an overlay up in the list that the last task has left in the item `overlays`: one line for each,
 * `<service>/<environment>`. The function behind the API cannot ask GitHub: it faces the internet, and must not have the
 * repository's token. Needs dynamodb:GetItem on the table.
 * @param now milliseconds
 * @returns `undefined` if the overlay is there, or if no task has looked for a minute
 */
export async function missingOverlay(
  { dynamo, table }: PullRequestTable,
  { service, environment }: Pick<PullRequestRequest, "service" | "environment">,
  now: number,
): Promise<MissingOverlay | undefined> {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: keyOf("overlays") }));
  const lookedAt = Number(Item?.lookedAt?.N ?? 0);
  const names = Item?.names?.S;
  if (names === undefined || now - lookedAt >= VALID || names.split("\n").includes(`${service}/${environment}`)) {
    return undefined;
  }
  return {
    file: `kustomize/${service}/overlays/${environment}/kustomization.yaml`,
    lookedAt: new Date(lookedAt).toISOString(),
    retryAfter: Math.ceil((lookedAt + VALID - now) / 1_000),
  };
}
