import { awsError } from "../service";

/** CodePipeline's lists have at most a hundred entries per page. */
const most = 100;

/**
 * One page of a list that grows at the front. The token is the last entry of the previous page, so new entries move
 * nothing.
 * @throws AwsError InvalidNextTokenException
 */
export function pageOf<T>(
  list: T[],
  idOf: (entry: T) => string,
  { maxResults = most, nextToken }: { maxResults?: number | undefined; nextToken?: string | undefined },
): { page: T[]; nextToken?: string } {
  const before = nextToken === undefined ? -1 : list.findIndex((it) => idOf(it) === nextToken);
  if (nextToken !== undefined && before < 0)
    throw awsError("InvalidNextTokenException", "The next token is of no page that was given.");
  const page = list.slice(before + 1, before + 1 + maxResults);
  const last = page.at(-1);
  const more = before + 1 + maxResults < list.length;
  return { page, ...(more && last !== undefined ? { nextToken: idOf(last) } : {}) };
}
