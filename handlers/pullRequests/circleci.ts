import {
  FOLDER,
  FOLDER_FORM,
  folderOf,
  isImage,
  isLink,
  isText,
  REVISION,
  REVISION_FORM,
  refusedField,
} from "./fields";
import type { RequestVerdict } from "./verdict";

/** How CircleCI's builds become requests. */
export interface CircleciOptions {
  /** The environment for each branch. */
  branches: Record<string, string>;
  /** The argument of `kustomize edit set image` without tag; `{service}` stands for the repository's name. */
  image: string;
  /** The jobs whose success means that the image exists; every job if empty. */
  jobs: string[];
}

/** The payload of https://github.com/eddiewebb/circleci-webhook-orb. */
const FIELDS = [
  "build_num",
  "branch",
  "username",
  "job",
  "build_url",
  "vcs_revision",
  "reponame",
  "workflow_id",
  "workflow_url",
  "pull_request",
  "user",
  "api_link",
  "status",
];

/** Whether it is CircleCI's payload, complete or not, and not the plain one. */
export function isCircleci(payload: Record<string, unknown>): boolean {
  return !("repository" in payload) && FIELDS.some((field) => field in payload);
}

/** Parses CircleCI's payload for a job. Extra fields are ignored. */
export function readCircleci(payload: Record<string, unknown>, options: CircleciOptions | undefined): RequestVerdict {
  const { reponame, job, vcs_revision: revision, status, branch } = payload;
  const service = typeof reponame === "string" ? folderOf(reponame) : "";
  if (typeof reponame !== "string" || reponame.includes("/") || !FOLDER.test(service)) {
    return refusedField("reponame", reponame, `the repository's name: ${FOLDER_FORM}`);
  }
  if (!isText(job, /^.{1,255}$/)) {
    return refusedField("job", job, "the job's name");
  }
  if (!isText(revision, REVISION)) {
    return refusedField("vcs_revision", revision, REVISION_FORM);
  }
  if (options === undefined) {
    return { kind: "refused", reason: "CircleCI jobs are not accepted here: set slipway:pullRequests.circleci" };
  }
  if (status !== "success") {
    return { kind: "ignored", reason: `the build's status is ${shown(status)}, not success` };
  }
  const { branches, jobs } = options;
  const environment = typeof branch === "string" && Object.hasOwn(branches, branch) ? branches[branch] : undefined;
  if (environment === undefined) {
    return { kind: "ignored", reason: `branch ${shown(branch)} is not deployed` };
  }
  if (jobs.length > 0 && !jobs.includes(job)) {
    return { kind: "ignored", reason: `job ${shown(job)} is not in slipway:pullRequests.circleci.jobs` };
  }
  const image = `${options.image.replaceAll("{service}", service)}:${revision}`;
  if (!isImage(image)) {
    const reason = `${image} is not a valid image: change slipway:pullRequests.circleci.image, or post the image yourself`;
    return { kind: "refused", field: "reponame", reason };
  }
  const build = payload.build_url;
  return {
    kind: "wanted",
    request: {
      service,
      environment,
      revision,
      image,
      repository: repositoryOf(payload, reponame),
      build: typeof build === "string" && isLink(build) ? build : undefined,
      buildNumber: textOf(payload.build_num, /^\d{1,20}$/),
      actor: textOf(payload.user, /^[\w.@-]{1,100}$/),
    },
  };
}

/**
 * The repository, with its owner if known. The orb's `username`, like its `user`, is the person who caused the build,
 * but its links end in owner, repository and number.
 * https://github.com/eddiewebb/circleci-webhook-orb/blob/master/src/commands/notify.yml
 */
function repositoryOf({ api_link, build_url }: Record<string, unknown>, reponame: string): string {
  const owners = [api_link, build_url].map((link) => {
    const parts = typeof link === "string" ? link.split("/") : [];
    return parts.at(-2) === reponame ? parts.at(-3) : undefined;
  });
  const owner = owners.find((each) => isText(each, /^(?!\.+$)[\w.-]{1,100}$/));
  return owner === undefined ? reponame : `${owner}/${reponame}`;
}

function textOf(value: unknown, form: RegExp): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return isText(text, form) ? text : undefined;
}

/** The sender's own text, for the answer to the sender. */
function shown(value: unknown): string {
  return typeof value === "string" && value !== "" ? value.slice(0, 255) : "(none)";
}
