import { openAsBlob } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { sha256 } from "../ecr/digest";
import type { BaseImageName } from "./baseImageName";
import type { Blob as ImageBlob, ImageConfig, LocalImage, Reference, RunConfig } from "./imageStore";
import { unpackLayer } from "./layer";

export const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG = "application/vnd.docker.container.image.v1+json";
const LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip";

export interface RegistryClientOptions {
  /** Folder of docker's own files. */
  home: string;
  /** Addresses of registries, by host name. */
  registries: Record<string, string>;
  /** Aborts pending requests. */
  signal?: AbortSignal | null;
}

export function createRegistryClient({ home, registries, signal = null }: RegistryClientOptions) {
  const file = path.join(home, "config.json");

  function addressOf(host: string): string {
    const address = registries[host];
    if (address === undefined)
      throw new Error(
        `dial tcp: lookup ${host}: no such host: the rehearsal knows only the registries of its own account`,
      );
    return address;
  }

  async function readConfig(): Promise<{ auths: Record<string, { auth: string } | undefined> }> {
    return readFile(file, "utf8").then(JSON.parse, (error) => {
      if (error.code === "ENOENT") return { auths: {} };
      throw error;
    });
  }

  /**
   * Saves the registry's password in config.json, as docker does.
   * @throws if the registry rejects it
   */
  async function login(registry: string, user: string, password: string): Promise<void> {
    const host = registry.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
    const auth = Buffer.from(`${user}:${password}`).toString("base64");
    const answer = await fetch(`${addressOf(host)}/v2/`, { headers: { authorization: `Basic ${auth}` }, signal });
    if (answer.status !== 200)
      throw new Error(
        `Error response from daemon: login attempt to https://${host}/v2/ failed with status: ${answer.status} ${answer.statusText}`,
      );
    const { auths } = await readConfig();
    await mkdir(home, { recursive: true });
    await writeFile(file, JSON.stringify({ auths: { ...auths, [host]: { auth } } }, null, 2), { mode: 0o600 });
  }

  /** The repository's address, and a client with the registry's login. */
  async function open({ registry, repository }: { registry: string; repository: string }) {
    const base = `${addressOf(registry)}/v2/${repository}`;
    const auth = (await readConfig()).auths[registry]?.auth;
    if (auth === undefined) throw new Error("no basic auth credentials");
    const ask: Ask = (method, url, accepted, init = {}) =>
      send(url, accepted, { ...init, signal, method, headers: { authorization: `Basic ${auth}`, ...init.headers } });
    return { base, ask };
  }

  /**
   * Pushes the image's layer, configuration and manifest under the reference's tag.
   * @returns the digest and size of the manifest
   * @throws with the registry's message if it rejects the push
   */
  async function push(reference: Reference, image: LocalImage): Promise<{ digest: string; size: number }> {
    const { ask, base } = await open(reference);
    const manifest = manifestOf(image);
    const pushed = { digest: sha256(manifest), size: Buffer.byteLength(manifest) };
    // docker first asks for the image: this is why ECR's documentation lists BatchGetImage for a push.
    const known = await ask("HEAD", `${base}/manifests/${reference.tag}`, [200, 404]);
    if (known.headers.get("docker-content-digest") === pushed.digest) return pushed;
    for (const blob of [image.layer, image.config]) await pushBlob(ask, base, blob);
    const headers = { "content-type": MANIFEST };
    await ask("PUT", `${base}/manifests/${reference.tag}`, [201], { body: manifest, headers });
    return pushed;
  }

  /**
   * Unpacks the image's layers into a folder.
   * @returns its configuration
   * @throws with the registry's message if it rejects the pull
   */
  async function pull(name: BaseImageName, root: string): Promise<RunConfig> {
    const { ask, base } = await open(name);
    const url = `${base}/manifests/${name.reference}`;
    const found = await ask("HEAD", url, [200, 404]);
    if (found.status === 404) {
      const why = found.headers.get("x-amzn-errormessage") ?? "not found";
      throw new Error(`${name.registry}/${name.repository}:${name.reference}: ${why}`);
    }
    const manifest = (await (await ask("GET", url, [200])).json()) as Manifest;
    const { config } = (await (await getBlob(ask, base, manifest.config.digest)).json()) as ImageConfig;
    for (const { digest } of manifest.layers) {
      const { body } = await getBlob(ask, base, digest);
      await unpackLayer(Readable.fromWeb(body as ReadableStream), root);
    }
    return config;
  }

  return { login, push, pull };
}

export type RegistryClient = ReturnType<typeof createRegistryClient>;

interface Manifest {
  config: { digest: string };
  layers: { digest: string }[];
}

/** First checks whether the blob exists, as AWS's pull permissions imply. */
async function getBlob(ask: Ask, base: string, digest: string): Promise<Response> {
  const url = `${base}/blobs/${digest}`;
  await ask("HEAD", url, [200]);
  return ask("GET", url, [200]);
}

type Ask = (method: string, url: string, accepted: number[], init?: RequestInit) => Promise<Response>;

async function pushBlob(ask: Ask, base: string, blob: ImageBlob): Promise<void> {
  const known = await ask("HEAD", `${base}/blobs/${blob.digest}`, [200, 404]);
  if (known.status === 200) return;
  const begun = await ask("POST", `${base}/blobs/uploads/`, [202]);
  const location = new URL(begun.headers.get("location") ?? "", base).href;
  await ask("PATCH", location, [202], { body: await openAsBlob(blob.path) });
  await ask("PUT", `${location}?digest=${encodeURIComponent(blob.digest)}`, [201]);
}

/** The image's manifest, byte for byte. */
export function manifestOf({ config, layer }: LocalImage): string {
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, size: config.size, digest: config.digest },
    layers: [{ mediaType: LAYER, size: layer.size, digest: layer.digest }],
  };
  return JSON.stringify(manifest, null, 3);
}

async function send(url: string, accepted: number[], init: RequestInit): Promise<Response> {
  const answer = await fetch(url, init);
  if (!accepted.includes(answer.status)) throw new Error(await refusal(answer));
  return answer;
}

/** docker prints `denied: …` and the registry's message. */
async function refusal(answer: Response): Promise<string> {
  const text = await answer.text();
  // A HEAD response has no body, even on errors.
  if (text === "") return `denied: ${answer.headers.get("x-amzn-errormessage") ?? answer.statusText}`;
  const [error] = JSON.parse(text).errors;
  return `${String(error.code).toLowerCase().replaceAll("_", " ")}: ${error.message}`;
}
