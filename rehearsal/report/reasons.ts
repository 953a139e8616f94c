import type { Grant } from "../cloud/policies";

interface Reason {
  /** Roles by name; Pulumi adds a hyphen and seven digits to the program's. */
  role: RegExp;
  actions: string[];
  /** When the permission is needed after all. */
  reason: string;
}

/** Permissions that the usual scenarios do not need, each with the case that it is for. */
export const reasons: Reason[] = [
  {
    role: /-fetch-role-/,
    actions: ["s3:AbortMultipartUpload"],
    reason: "takes back an upload that broke off: npm start -- --scenario lost",
  },
  {
    role: /-tag-role-/,
    actions: ["codepipeline:PutJobFailureResult"],
    reason: "reports that the registry refused the tag, which it does not do here",
  },
  {
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
    role: /-build-role-/,
    actions: ["ecr:BatchGetImage"],
    reason: "AWS names it among what docker push needs; the rehearsal's docker pushes without",
  },
  {
    // https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
    role: /-pipeline-role-/,
    actions: ["s3:GetObject", "s3:GetObjectVersion"],
    reason:
      "AWS names it among the least that a pipeline's role has; the rehearsal's reads the source by version alone",
  },
];

/** Why a permission is granted though no call needed it; undefined if nobody has said so. */
export function reasonFor({ role, action }: Pick<Grant, "role" | "action">): string | undefined {
  return reasons.find((it) => it.role.test(role) && it.actions.includes(action))?.reason;
}
