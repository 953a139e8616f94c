import type { Refusal } from "../shared/http/body";

/**
 * The name of a service or an environment: a folder's, and a part of a branch's, which git lets end neither in a dot nor
 * in .lock. https://git-scm.com/docs/git-check-ref-format
 */
export const FOLDER = /^(?!.*\.\.)(?!.*\.lock$)[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$/;
/** The folder of a repository's service: names in Kubernetes, and those of images, have no capitals. */
export function folderOf(repository: string): string {
  return repository.slice(repository.lastIndexOf("/") + 1).toLowerCase();
}

export const FOLDER_FORM = "at most 100 lower-case letters, digits, . _ -, of which . _ - are neither first nor last";

/** A repository of source: an owner, or groups, and the name. */
export const REPOSITORY = /^(?!.*(^|\/)\.+(\/|$))[\w.-]{1,100}(\/[\w.-]{1,100}){1,10}$/;

export const REVISION = /^[0-9a-f]{40}$/;
export const REVISION_FORM = "a commit's 40 hex digits";

const HOST = "[A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)*(?::[0-9]+)?";
const PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const NAME = `(?:${HOST}/)?${PART}(?:/${PART})*`;
const VERSION = "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?";

/** In characters: a registry takes names of 255. */
const IMAGE = 700;

/**
 * Whether it is an argument of `kustomize edit set image` that says which version: `storefront=registry/storefront:v2`.
 * kustomize compares what is before `=` with the manifests and takes any text for it:
 * https://github.com/kubernetes-sigs/kustomize/blob/master/kustomize/commands/edit/set/setimage.go
 */
export function isImage(value: string): boolean {
  const separator = value.indexOf("=");
  const name = value.slice(0, Math.max(separator, 0));
  // The asterisk keeps the new name that the kustomization gives to the name before `=`.
  const form = new RegExp(name === "" ? `^${NAME}${VERSION}$` : `^(?:${NAME}|\\*)${VERSION}$`);
  const image = value.slice(separator + 1);
  return (
    value.length <= IMAGE &&
    (name === "" || isManifestName(name)) &&
    form.test(image) &&
    /(?::[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image)
  );
}

/** Whether a kustomization may have an entry of this name: any text that can be printed, such as `IMAGE`. */
export function isManifestName(name: string): boolean {
  // What cannot be printed could forge lines of the commit's message, or hide in the pull request.
  return /^[^=\p{C}\p{Zl}\p{Zp}]+$/u.test(name);
}

export const IMAGE_FORM =
  "name=registry/name:tag, with @sha256:… after or instead of the tag, or the same without name=; " +
  "before = is any name that the manifests use";

/** Whether it is an https URL that carries no name and no password. */
export function isLink(value: string): boolean {
  // Whoever shows it puts it into Markdown: neither brackets nor spaces.
  if (value.length > 1_000 || !/^https:\/\/[^\s<>()[\]"'`\\|]+$/.test(value) || !URL.canParse(value)) {
    return false;
  }
  const { username, password } = new URL(value);
  return username === "" && password === "";
}

/** Refuses a field that is not of its form. What it holds is not repeated: it may be anything. */
export function refusedField(field: string, value: unknown, expected: string): Refusal {
  const isMissing = value === undefined || value === null;
  const what = isMissing ? "is missing" : `is ${typeof value === "string" ? "malformed" : "no string"}`;
  return { kind: "refused", field, reason: `${field} ${what}, expected ${expected}` };
}

export function isText(value: unknown, form: RegExp): value is string {
  return typeof value === "string" && form.test(value);
}
