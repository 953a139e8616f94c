import type { Refusal } from "../shared/http/body";

/**
 * The name of a service or an environment, used for folders and in branch names. Git forbids branch names that end in a
 * dot or in .lock. https://git-scm.com/docs/git-check-ref-format
 */
export const FOLDER = /^(?!.*\.\.)(?!.*\.lock$)[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$/;
/** The folder of a repository's service. Kubernetes and image names have no capitals. */
export function folderOf(repository: string): string {
  return repository.slice(repository.lastIndexOf("/") + 1).toLowerCase();
}

export const FOLDER_FORM =
  "at most 100 lower-case letters, digits and . _ -, starting and ending with a letter or digit";

/** A source repository: an owner or groups, and the name. */
export const REPOSITORY = /^(?!.*(^|\/)\.+(\/|$))[\w.-]{1,100}(\/[\w.-]{1,100}){1,10}$/;

export const REVISION = /^[0-9a-f]{40}$/;
export const REVISION_FORM = "a commit's 40 hex digits";

const HOST = "[A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)*(?::[0-9]+)?";
const PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const NAME = `(?:${HOST}/)?${PART}(?:/${PART})*`;
const VERSION = "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?";

/** In characters: registries accept names of 255. */
const IMAGE = 700;

/**
 * Whether it is an argument of `kustomize edit set image` with a version: `storefront=registry/storefront:v2`.
 * kustomize compares the part before `=` with the manifests, and accepts any text for it:
 * https://github.com/kubernetes-sigs/kustomize/blob/master/kustomize/commands/edit/set/setimage.go
 */
export function isImage(value: string): boolean {
  const separator = value.indexOf("=");
  const name = value.slice(0, Math.max(separator, 0));
  // The asterisk keeps the new name that the kustomization sets for the name before `=`.
  const form = new RegExp(name === "" ? `^${NAME}${VERSION}$` : `^(?:${NAME}|\\*)${VERSION}$`);
  const image = value.slice(separator + 1);
  return (
    value.length <= IMAGE &&
    (name === "" || isManifestName(name)) &&
    form.test(image) &&
    /(?::[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image)
  );
}

/** Whether a kustomization may contain this name: any printable text, such as `IMAGE`. */
export function isManifestName(name: string): boolean {
  // Unprintable characters could forge lines of the commit message, or be hidden in the pull request.
  return /^[^=\p{C}\p{Zl}\p{Zp}]+$/u.test(name);
}

export const IMAGE_FORM =
  "name=registry/name:tag, with @sha256:… after or instead of the tag, or the same without name=; " +
  "the part before = is any name that the manifests use";

/** Whether it is an https URL without user name and password. */
export function isLink(value: string): boolean {
  // It is shown in Markdown: no brackets or spaces.
  if (value.length > 1_000 || !/^https:\/\/[^\s<>()[\]"'`\\|]+$/.test(value) || !URL.canParse(value)) {
    return false;
  }
  const { username, password } = new URL(value);
  return username === "" && password === "";
}

/** Rejects a malformed field. The value is not repeated: it may be anything. */
export function refusedField(field: string, value: unknown, expected: string): Refusal {
  const isMissing = value === undefined || value === null;
  const what = isMissing ? "is missing" : `is ${typeof value === "string" ? "malformed" : "not a string"}`;
  return { kind: "refused", field, reason: `${field} ${what}, expected ${expected}` };
}

export function isText(value: unknown, form: RegExp): value is string {
  return typeof value === "string" && form.test(value);
}
