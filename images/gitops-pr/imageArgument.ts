/** A kustomization's `images` entry: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/ */
export interface ImageEntry {
  /** Image name in the manifests. */
  name: string;
  newName?: string;
  newTag?: string;
  /** `sha256:…` */
  digest?: string;
}

/** Instead of a new name, tag or digest: keeps the current one. */
export const KEEP = "*";

// [host[:port]/]path[:tag][@digest]: a colon before the first slash starts a port.
const IMAGE = /^((?:[^/]+\/)?[^:@]*)(?::([^@]*))?(?:@(.*))?$/s;

/**
 * Parses an argument of `kustomize edit set image`: `name=newName:newTag@digest`, where only the name is required,
 * or `name:newTag@digest` with a tag, a digest or both.
 * @throws Error for anything else
 */
export function parseImage(argument: string): ImageEntry {
  const separator = argument.indexOf("=");
  const key = argument.slice(0, Math.max(separator, 0));
  const [, path = "", newTag, digest] = IMAGE.exec(argument.slice(separator + 1)) ?? [];
  const name = key || path;
  if (name === "" || path === argument) {
    throw new Error(
      `image ${JSON.stringify(argument)} cannot be set: write name=newName:tag, name=newName@digest, name:tag or name@digest`,
    );
  }
  return {
    name,
    ...(key !== "" && path !== "" && { newName: path }),
    ...(newTag && { newTag }),
    ...(digest && { digest }),
  };
}

/** Version for display: the first twelve digits of a digest or commit, else the whole tag. */
export function shortVersion({ name, newName, newTag, digest }: ImageEntry): string {
  if (digest !== undefined) {
    const [algorithm, value = ""] = digest.split(":");
    return `${algorithm}:${value.slice(0, 12)}`;
  }
  return newTag === undefined ? (newName ?? name) : newTag.replace(/^([0-9a-f]{12})[0-9a-f]{28}$/, "$1");
}
