import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { explain, type Log } from "./log.ts";
import type { Table } from "./record.ts";
import type { WorkingCopy } from "./workingCopy.ts";

/** Maximum bytes of the list: DynamoDB rejects items larger than 400 KB. */
const LIST = 300_000;

/**
 * Stores the list of overlays in the item `overlays`, so that the API can reject unknown ones. Errors are only logged:
 * the pull request does not depend on the list.
 * @param now milliseconds
 */
export async function noteOverlays(
  { dynamo, table }: Table,
  copy: Pick<WorkingCopy, "files">,
  log: Log,
  now: number,
): Promise<void> {
  try {
    const names = overlaysOf(await copy.files("kustomize")).join("\n");
    const isShort = Buffer.byteLength(names) <= LIST;
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { id: { S: "overlays" } },
        UpdateExpression: isShort
          ? "SET #lookedAt = :lookedAt, #names = :names"
          : "SET #lookedAt = :lookedAt REMOVE #names",
        ConditionExpression: "attribute_not_exists(#lookedAt) OR #lookedAt < :lookedAt",
        ExpressionAttributeNames: { "#lookedAt": "lookedAt", "#names": "names" },
        ExpressionAttributeValues: { ":lookedAt": { N: String(now) }, ...(isShort && { ":names": { S: names } }) },
      }),
    );
  } catch (error) {
    // A later task has already stored its list.
    if (!(error instanceof Error) || error.name !== "ConditionalCheckFailedException") {
      log("warn", "overlays not listed", { cause: explain(error) });
    }
  }
}

/** `<service>/<environment>` of each overlay. */
export function overlaysOf(files: string[]): string[] {
  return files.flatMap((file) => {
    const [, service, environment] = /^kustomize\/([^/]+)\/overlays\/([^/]+)\/kustomization\.yaml$/.exec(file) ?? [];
    return service === undefined ? [] : [`${service}/${environment}`];
  });
}
