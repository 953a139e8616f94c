import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { explain, failure } from "../failure";
import type { PushMessage } from "../message";

/**
 * Opens the archive of a pushed commit. It is fetched by commit and not by branch: after two quick pushes the branch is
 * at the second one already when the first is fetched.
 *
 * @param github the base address, without a slash at its end
 * @param signal ends the request and the stream
 * @throws Failure with status and address
 */
export async function download(github: string, push: PushMessage, signal: AbortSignal): Promise<Readable> {
  const url = `${github}/${push.repository}/archive/${push.commit}.tar.gz`;
  const response = await fetch(url, { signal, headers: { "user-agent": "slipway" } }).catch((error: unknown) => {
    throw failure("SystemUnavailable", `${url} cannot be reached: ${explain(error)}`, error);
  });
  if (response.ok && response.body !== null) {
    return Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
  }
  await response.body?.cancel();
  if (response.status === 404) {
    const why = "the commit was force-pushed away, or the repository is private, renamed or deleted";
    throw failure("RevisionUnavailable", `${url} answers 404: ${why}`);
  }
  throw failure("SystemUnavailable", `${url} answers ${response.status} ${response.statusText}`);
}
