import type { ParameterArgs } from "@pulumi/aws/ssm/parameter";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { publicParameters } from "./ec2/images";
import { awsError, type Cloud, type Created, type Declaration, operation, type Service } from "./service";

interface Parameter {
  Name: string;
  Type: string;
  Value: string;
  Version: number;
  ARN: string;
}

interface PutParameterRequest {
  Name: string;
  Value: string;
  Type?: string;
  Overwrite?: boolean;
}

interface GetParametersRequest {
  /** Names or ARNs. */
  Names: string[];
  WithDecryption?: boolean;
}

/**
 * Systems Manager's Parameter Store, for task definitions and the program. The account's own key decrypts on reading.
 */
export function createSsm(cloud: Cloud): Service {
  const parameters = new Map<string, Parameter>();

  // A hierarchical name starts with the slash that is in the ARN anyway.
  const arnOf = (name: string) =>
    name.startsWith("arn:") ? name : cloud.arn("ssm", `parameter${name.startsWith("/") ? "" : "/"}${name}`);

  function put({ Name, Value, Type = "String", Overwrite = false }: PutParameterRequest): Parameter {
    const ARN = arnOf(Name);
    const existing = parameters.get(ARN);
    if (existing !== undefined && !Overwrite)
      throw awsError("ParameterAlreadyExists", `The parameter ${Name} already exists: overwrite it on purpose.`);
    const parameter = { Name, Value, Type, ARN, Version: (existing?.Version ?? 0) + 1 };
    parameters.set(ARN, parameter);
    return parameter;
  }

  function get({ Names, WithDecryption = false }: GetParametersRequest) {
    if (Names.length > 10) throw awsError("ValidationException", `Names: ${Names.length} parameters, of at most 10.`);
    const found = Names.map((name) => parameters.get(arnOf(name)));
    const hidden = found.find((it) => it?.Type === "SecureString" && !WithDecryption);
    if (hidden !== undefined)
      throw awsError("NotSimulated", `ssm:GetParameters: ${hidden.Name} undecrypted: set WithDecryption.`, 501);
    return {
      Parameters: found.filter((it) => it !== undefined),
      InvalidParameters: Names.filter((_, index) => found[index] === undefined),
    };
  }

  function declare(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<ParameterArgs>>(declaration, [
      "name",
      "type",
      "value",
      "insecureValue",
      "overwrite",
      "description",
      "tier",
      "tags",
      "region",
    ]);
    const { Name, ARN, Version } = put({
      Name: cloud.physicalName(declaration, inputs.name),
      Type: inputs.type,
      Value: inputs.value ?? inputs.insecureValue ?? "",
      Overwrite: inputs.overwrite,
    });
    return { id: Name, outputs: { name: Name, arn: ARN, version: Version } };
  }

  /** A parameter of the account or a public one of AWS. */
  function getParameter({ name = "", withDecryption = true }: Record<string, unknown>): object {
    const published = publicParameters(cloud)[String(name)];
    if (published !== undefined) {
      const arn = cloud.arn("ssm", `parameter${name}`, { account: "" });
      return { id: name, name, arn, type: "String", value: published, insecureValue: published, version: 1 };
    }
    const { Parameters } = get({ Names: [String(name)], WithDecryption: withDecryption === true });
    const [found] = Parameters;
    if (found === undefined) throw awsError("ParameterNotFound", `The parameter ${name} cannot be found.`);
    const { Name, ARN, Type, Value, Version } = found;
    return { id: Name, name: Name, arn: ARN, type: Type, value: Value, version: Version, withDecryption };
  }

  return {
    name: "ssm",
    invokes: { "aws:ssm/getParameter:getParameter": getParameter },
    resources: { "aws:ssm/parameter:Parameter": declare },
    operations: {
      PutParameter: operation<PutParameterRequest, object>({
        permissions: ({ Name }) => [{ action: "ssm:PutParameter", resource: arnOf(Name) }],
        perform(input) {
          const { Version } = put(input);
          return { Version, Tier: "Standard" };
        },
      }),
      GetParameters: operation<GetParametersRequest, object>({
        permissions: ({ Names }) => Names.map((name) => ({ action: "ssm:GetParameters", resource: arnOf(name) })),
        perform: get,
      }),
    },
  };
}
