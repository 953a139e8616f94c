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
];

/** Why a permission is granted though no call needed it; undefined if nobody has said so. */
export function reasonFor({ role, action, resource }: Grant): string | undefined {
  return reasons.find((it) => it.role.test(role) && it.actions.includes(action) && it.resource.test(resource))?.reason;
}
