import { failure } from "../shared/failure";
import {
  accessOf,
  archiveRequest,
  type ForgeAccess,
  type ForgeAccessOptions,
  type ForgeTokens,
} from "../shared/forgeAccess";
import type { PushMessage } from "../shared/message";
import { nameOf } from "../shared/secret";
import { follow } from "./redirects";
import { refusalOf } from "./refusal";
import type { FetchFailure } from "./retry";

/**
 * Opens the archive of a pushed commit. It is fetched by commit, not by branch: after two quick pushes, the branch is
 * already at the second commit when the first is fetched.
 *
 * @param signal aborts the request and the stream
 * @throws Failure that names the forge, repository, commit, answer, and remedy
 */
export async function download(
  forges: ForgeAccessOptions,
  tokens: ForgeTokens,
  push: PushMessage,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const access = accessOf(forges, push.forge);
  const token = await tokens.tokenOf(push.forge);
  let opened = await open(access, push, token, signal);
  if (opened.refusal?.type === "RevisionUnavailable" && token !== undefined) {
    // The token may have been rotated or replaced since it was read.
    const rotated = await tokens.rotatedToken(push.forge, token);
    if (rotated !== undefined) {
      opened = await open(access, push, rotated, signal);
    }
  }
  if (opened.refusal !== undefined) {
    throw opened.refusal;
  }
  return opened.archive;
}

type Opened = { archive: AsyncIterable<Uint8Array>; refusal?: never } | { archive?: never; refusal: FetchFailure };

async function open(
  access: ForgeAccess,
  push: PushMessage,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Opened> {
  const request = archiveRequest({ forge: push.forge, url: access.url }, push.repository, push.commit, token);
  const { response, place } = await follow(request, signal);
  const { status, statusText, headers, body } = response;
  const refusal = refusalOf({ place, status, statusText, headers }, push, access.token && nameOf(access.token));
  if (refusal === undefined && body !== null) {
    return { archive: body };
  }
  await body?.cancel();
  return { refusal: refusal ?? failure("SystemUnavailable", `${place} returned ${status} with an empty body`) };
}
