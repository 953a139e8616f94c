import type { ReadableStream } from "node:stream/web";
import { isRedirect } from "../fetch/redirects";
import { isThrottled, later } from "../fetch/refusal";
import { explain, failure } from "../shared/failure";
import type { Forge } from "../shared/forge";
import { type ForgeTokens, gitHeaders, pathOf } from "../shared/forgeAccess";
import { log } from "../shared/log";
import { type Packet, readPackets, readSection } from "./packets";
import { type BranchHeads, lsRefs, readAdvertisement, readReferences } from "./references";

// No git library: isomorphic-git has ten dependencies, all of which would be shipped for two requests.

/** A repository at a forge. */
export interface Remote {
  forge: Forge;
  /** The forge's base URL, without a trailing slash. */
  url: string;
  /** `owner/name`. */
  repository: string;
}

/** Bytes of one answer. In version 0 a server sends every reference, and large repositories have tens of thousands. */
const LIMIT = 16 * 1024 * 1024;
const REDIRECTS = 3;

const REFERENCES = "/info/refs";
const VERSION_2 = { "git-protocol": "version=2" };

interface Advertised {
  /** The repository's URL, after redirects. */
  base: string;
  response: Response;
  token: string | undefined;
}

/**
 * Queries the head commits of a repository's branches over git's smart HTTP protocol.
 * @param limit bytes of one answer
 * @returns at least the requested branches that exist
 * @throws Failure that says what is wrong with the repository, without naming it
 */
export async function headsOf(
  remote: Remote,
  branches: string[],
  tokens: ForgeTokens,
  signal: AbortSignal,
  limit = LIMIT,
): Promise<BranchHeads> {
  const { base, advertisement, token } = await connect(remote, tokens, signal, limit);
  const heads = readAdvertisement(advertisement);
  if (heads !== undefined) {
    return heads;
  }
  const answer = await uploadPack(remote, base, token, lsRefs(branches), signal);
  return readReferences(await packetsOf(answer, "upload-pack-result", token, limit));
}

/** A repository that has answered. */
export interface Connected {
  /** The repository's URL, after redirects. */
  base: string;
  /** Its references or capabilities. */
  advertisement: Packet[];
  /** The token that was accepted. */
  token: string | undefined;
}

/** Connects to a repository. @throws Failure that says what is wrong with it */
export async function connect(
  remote: Remote,
  tokens: ForgeTokens,
  signal: AbortSignal,
  limit: number,
): Promise<Connected> {
  const { base, response, token } = await advertised(remote, tokens, signal);
  return { base, advertisement: await packetsOf(response, "upload-pack-advertisement", token, limit), token };
}

/** Sends a command in version 2 of git's protocol. */
export function uploadPack(
  { forge }: Remote,
  base: string,
  token: string | undefined,
  body: string,
  signal: AbortSignal,
): Promise<Response> {
  const type = "application/x-git-upload-pack";
  return send(`${base}/git-upload-pack`, {
    method: "POST",
    headers: {
      ...gitHeaders(forge, token),
      ...VERSION_2,
      "content-type": `${type}-request`,
      accept: `${type}-result`,
    },
    body,
    signal,
  });
}

/** The repository's advertisement and the accepted token. If a token is rejected, tries the rotated one. */
async function advertised(remote: Remote, tokens: ForgeTokens, signal: AbortSignal): Promise<Advertised> {
  const { forge } = remote;
  const token = await tokens.tokenOf(forge);
  const first = { ...(await follow(remote, token, signal)), token };
  if (token === undefined || !isRefusal(first.response.status)) {
    return first;
  }
  const rotated = await tokens.rotatedToken(forge, token);
  if (rotated === undefined) {
    return first;
  }
  await first.response.body?.cancel();
  return { ...(await follow(remote, rotated, signal)), token: rotated };
}

const isRefusal = (status: number): boolean => [401, 403, 404].includes(status);

/** Requests the advertisement, following redirects on the same host. */
async function follow(
  { forge, url, repository }: Remote,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Omit<Advertised, "token">> {
  const headers = { ...gitHeaders(forge, token), ...VERSION_2 };
  let base = `${url}/${pathOf(repository)}.git`;
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    const response = await send(`${base}${REFERENCES}?service=git-upload-pack`, { headers, signal });
    if (!isRedirect(response.status)) {
      if (redirects > 0) {
        const reason = "the repository was renamed or moved: change its name in the configuration";
        log("warn", "poll was redirected", { forge, repository, reason });
      }
      return { base, response };
    }
    await response.body?.cancel();
    base = redirected(base, response.headers.get("location"));
  }
  throw failure("ConfigurationError", `it redirects more than ${REDIRECTS} times`);
}

/** @returns the repository's new URL. Errors do not show the redirect's target: it may contain a credential. */
function redirected(base: string, location: string | null): string {
  const from = `${base}${REFERENCES}`;
  if (location === null || !URL.canParse(location, from)) {
    throw failure("SystemUnavailable", "it redirects without a valid address");
  }
  const { origin, pathname } = new URL(location, from);
  if (origin !== new URL(base).origin) {
    const what = "correct the forge's address or the repository's name in the configuration";
    throw failure("ConfigurationError", `it redirects to another host, to which slipway sends no credentials: ${what}`);
  }
  if (!pathname.endsWith(REFERENCES)) {
    const why = "it is private and requires sign-in, or it is not a repository";
    throw failure("ConfigurationError", `it redirects to a web page: ${why}`);
  }
  return `${origin}${pathname.slice(0, -REFERENCES.length)}`;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, redirect: "manual" }).catch((error: unknown) => {
    throw unreachable(error);
  });
}

/** @param service `upload-pack-result` @throws Failure for an answer of any other service */
async function packetsOf(
  response: Response,
  service: string,
  token: string | undefined,
  limit: number,
): Promise<Packet[]> {
  await refuse(response, service, token);
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(response, limit)) {
    chunks.push(chunk);
  }
  return readPackets(Buffer.concat(chunks));
}

/**
 * Reads the lines of an answer up to its first marker. Anything after it is not downloaded.
 * @throws Failure for anything but an answer to {@link uploadPack}
 */
export async function sectionOf(response: Response, token: string | undefined, limit: number): Promise<string[]> {
  await refuse(response, "upload-pack-result", token);
  let answer = Buffer.alloc(0);
  for await (const chunk of chunksOf(response, limit)) {
    answer = Buffer.concat([answer, chunk]);
    const section = readSection(answer);
    if (section !== undefined) {
      return section;
    }
  }
  // An error is a line without a marker after it.
  return readPackets(answer).flatMap((it) => (it.kind === "line" ? [it.text] : []));
}

async function refuse(response: Response, service: string, token: string | undefined): Promise<void> {
  const refusal = refusalOf(response, service, token);
  if (refusal !== undefined) {
    await response.body?.cancel();
    throw refusal;
  }
}

function refusalOf(
  { status, statusText, headers }: Response,
  service: string,
  token: string | undefined,
): Error | undefined {
  if (isThrottled({ status, headers })) {
    return later({ headers }, `it returned ${status}: too many requests`, Date.now());
  }
  if (isRefusal(status)) {
    const why =
      token === undefined
        ? "it is private, renamed or deleted; a private repository needs the forge's token in the configuration"
        : "it was renamed or deleted, or the forge's token has expired or cannot read it";
    return failure("ConfigurationError", `it returned ${status}: ${why}`);
  }
  if (status !== 200) {
    return later({ headers }, `it returned ${status} ${statusText}`.trimEnd(), Date.now());
  }
  const type = headers.get("content-type") ?? "no content type";
  return type.startsWith(`application/x-git-${service}`)
    ? undefined
    : failure("ConfigurationError", `it returned ${type}: there is no git repository at this address`);
}

async function* chunksOf({ body }: Response, limit: number): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  try {
    for await (const chunk of (body as ReadableStream<Uint8Array> | null) ?? []) {
      size += chunk.byteLength;
      if (size > limit) {
        break;
      }
      yield chunk;
    }
  } catch (error) {
    throw unreachable(error);
  }
  if (size > limit) {
    throw failure("SystemUnavailable", `its answer is larger than ${limit} bytes`);
  }
}

function unreachable(error: unknown): Error {
  // The error of AbortSignal.timeout does not say for how long.
  const why = error instanceof Error && error.name === "TimeoutError" ? "it took too long to answer" : explain(error);
  return failure("SystemUnavailable", `it cannot be reached: ${why}`, error);
}
