import type { InstanceProfileArgs } from "@pulumi/aws/iam/instanceProfile";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Created, type Declaration } from "../service";

/**
 * Gives instances their roles.
 * @param arnOfRole by the role's name. @throws AwsError if the role does not exist
 */
export function createInstanceProfiles(
  account: Pick<Cloud, "physicalName" | "arn">,
  arnOfRole: (name: string) => string,
) {
  /** Role ARNs by profile ARN. */
  const profiles = new Map<string, string | undefined>();
  const arnOf = (name: string) => account.arn("iam", `instance-profile/${name}`, { region: "" });

  function declare(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<InstanceProfileArgs>>(declaration, ["name", "role", "tags"]);
    const name = account.physicalName(declaration, inputs.name);
    const arn = arnOf(name);
    profiles.set(arn, inputs.role === undefined ? undefined : arnOfRole(String(inputs.role)));
    return { id: name, outputs: { arn, name, uniqueId: `AIPA${name}` } };
  }

  return {
    resources: { "aws:iam/instanceProfile:InstanceProfile": declare },
    /** @param profile name or ARN */
    roleOf(profile: string): string {
      const arn = profile.startsWith("arn:") ? profile : arnOf(profile);
      const role = profiles.get(arn);
      if (role === undefined)
        throw awsError(
          "InvalidParameterValue",
          `Value (${profile}) for parameter iamInstanceProfile is invalid. ${profiles.has(arn) ? "There is no role in it" : "Invalid IAM Instance Profile"}.`,
        );
      return role;
    },
  };
}
