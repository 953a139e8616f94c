import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { keyOf, type PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";
import type { PullRequestTable } from "./store";

/** How long a list of overlays is valid, in milliseconds. Overlays added since are found after that. */
const VALID = 60_000;

/** An overlay that the gitops repository did not have at the last check. */
export interface MissingOverlay {
  /** Its path in the repository. */
  file: string;
  /** When a task checked, ISO 8601. */
  lookedAt: string;
  /** Seconds until another task may check. */
  retryAfter: number;
}

/**
 * Looks up an overlay in the list that the last task has stored in the item `overlays`: one line for each,
 * `<service>/<environment>`. The API's function cannot ask GitHub: it faces the internet, and must not have the
 * repository's token. Needs dynamodb:GetItem on the table.
 * @param now milliseconds
 * @returns `undefined` if the overlay exists, or if no task has checked for a minute
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
