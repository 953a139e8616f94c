import { isRepository } from "./imageStore";

/** An image's name, with all optional parts filled in. */
export interface BaseImageName {
  /** `docker.io` if the name has none. */
  registry: string;
  repository: string;
  /** Tag or digest. */
  reference: string;
}

/** Parsed as docker does: a first part with a dot or a colon is a registry. @throws for an invalid name */
export function parseBaseImageName(name: string): BaseImageName {
  const [, path = "", tag = "latest", digest] =
    /^(.*?)(?::([\w][\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(name) ?? [];
  const first = path.slice(0, Math.max(path.indexOf("/"), 0));
  const hosted = /[.:]|^localhost$/.test(first);
  const registry = hosted ? first : "docker.io";
  const repository = hosted ? path.slice(first.length + 1) : path;
  if (!isRepository(repository)) throw new Error("invalid reference format");
  // Docker Hub's official images are in an implicit namespace.
  const official = registry === "docker.io" && !repository.includes("/");
  return { registry, repository: official ? `library/${repository}` : repository, reference: digest ?? tag };
}
