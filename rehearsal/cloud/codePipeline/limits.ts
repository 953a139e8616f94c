import { awsError } from "../service";

/** @throws AwsError ValidationException if the text is too long */
export function atMost(field: string, text: string | undefined, most: number): void {
  if (text !== undefined && text.length > most)
    throw awsError("ValidationException", `${field} has ${text.length} characters; at most ${most} are allowed.`);
}

/**
 * The variables of one action may total 122880 bytes; their names are restricted to certain characters.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
 * @throws AwsError ValidationException, OutputVariablesSizeExceededException
 */
export function checkOutputVariables(variables: Record<string, string> = {}): void {
  for (const name of Object.keys(variables))
    if (!/^[A-Za-z0-9@_-]+$/.test(name))
      throw awsError("ValidationException", `The output variable name ${name} is not of A-Z, a-z, 0-9, @, _ and -.`);
  const bytes = Buffer.byteLength(Object.entries(variables).flat().join(""));
  if (bytes > 122_880)
    throw awsError(
      "OutputVariablesSizeExceededException",
      `The output variables have ${bytes} bytes; 122880 are allowed.`,
    );
}
