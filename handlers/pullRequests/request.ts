import { type CircleciOptions, isCircleci, readCircleci } from "./circleci";
import {
  FOLDER,
  FOLDER_FORM,
  folderOf,
  IMAGE_FORM,
  isImage,
  isLink,
  isText,
  REPOSITORY,
  REVISION,
  REVISION_FORM,
  refusedField,
} from "./fields";
import type { RequestVerdict } from "./verdict";

const FIELDS = ["repository", "revision", "image", "environment", "build"];

/** Parses and checks the body of `POST /pullrequests`, which may be any JSON. */
export function readRequest(value: unknown, circleci: CircleciOptions | undefined): RequestVerdict {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const fields = FIELDS.slice(0, 4).join(", ");
    return {
      kind: "refused",
      reason: `the body is not a JSON object: send ${fields}, or the payload of CircleCI's webhook orb`,
    };
  }
  const payload = value as Record<string, unknown>;
  return isCircleci(payload) ? readCircleci(payload, circleci) : readPlain(payload);
}

function readPlain(payload: Record<string, unknown>): RequestVerdict {
  const unknown = Object.keys(payload).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    return { kind: "refused", field: unknown, reason: `unknown field: the body takes ${FIELDS.join(", ")}` };
  }
  const { repository, revision, image, environment, build } = payload;
  const service = isText(repository, REPOSITORY) ? folderOf(repository) : "";
  if (!isText(repository, REPOSITORY) || !FOLDER.test(service)) {
    return refusedField("repository", repository, `owner/name, with a name of ${FOLDER_FORM}`);
  }
  if (!isText(revision, REVISION)) {
    return refusedField("revision", revision, REVISION_FORM);
  }
  if (typeof image !== "string" || !isImage(image)) {
    return refusedField("image", image, IMAGE_FORM);
  }
  if (!isText(environment, FOLDER)) {
    return refusedField("environment", environment, `an overlay's name: ${FOLDER_FORM}`);
  }
  if (build !== undefined && (typeof build !== "string" || !isLink(build))) {
    return refusedField("build", build, "an https URL without a password");
  }
  return { kind: "wanted", request: { service, environment, revision, image, repository, build } };
}
