import type { Grant } from "../cloud/policies";

interface Reason {
  /** Roles by name; Pulumi adds a hyphen and seven digits to the program's. */
  role: RegExp;
  actions: string[];
  resource: RegExp;
  /** When the permission is needed after all. */
  reason: string;
}

/** Permissions that the usual scenarios do not need, each with the case that it is for. */
export const reasons: Reason[] = [
  {
    role: /-fetch-role-/,
    actions: ["s3:AbortMultipartUpload"],
    resource: /\/source\.zip$/,
    reason: "takes back an upload that broke off: npm start -- --scenario lost",
  },
  {
    role: /-tag-role-/,
    actions: ["codepipeline:PutJobFailureResult"],
    resource: /^\*$/,
    reason: "reports that the registry refused the tag: npm start -- --scenario refused",
  },
  {
    role: /-pipeline-role-/,
    actions: ["s3:GetObject"],
    resource: /\/source\.zip$/,
    reason: "reads the newest archive when somebody releases the pipeline by hand: npm start -- --scenario refused",
  },
  {
    // https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
    role: /-pipeline-role-/,
    actions: ["s3:GetObject", "s3:GetObjectVersion"],
    resource: /-artifacts-bucket-\w+\/\*$/,
    reason: "AWS names it among the least that a pipeline's role has; no action here reads an artifact under it",
  },
  {
    // The same page. Of the source bucket, the rehearsal's source action asks for the versioning.
    role: /-pipeline-role-/,
    actions: ["s3:GetBucketAcl", "s3:GetBucketLocation"],
    resource: /-(source|artifacts)-bucket-\w+$/,
    reason:
      "AWS names it among the least that a pipeline's role has; the rehearsal's CodePipeline never asks it of this bucket",
  },
  {
    role: /-pipeline-role-/,
    actions: ["s3:GetBucketVersioning"],
    resource: /-artifacts-bucket-\w+$/,
    reason:
      "AWS names it among the least that a pipeline's role has; the rehearsal's CodePipeline never asks it of this bucket",
  },
];

/** Why a permission is granted though no call needed it; undefined if nobody has said so. */
export function reasonFor({ role, action, resource }: Grant): string | undefined {
  return reasons.find((it) => it.role.test(role) && it.actions.includes(action) && it.resource.test(resource))?.reason;
}
