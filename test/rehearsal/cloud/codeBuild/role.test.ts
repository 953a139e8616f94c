import { expect } from "chai";
import { type BuildCloud, createBuildCloud, failure, phases, secretArn, statements } from "./support";

describe("a build without a permission of its role", () => {
  let account: BuildCloud;

  beforeEach(async () => {
    account = await createBuildCloud();
  });

  afterEach(() => account.cloud.close());

  const buildspec = `
version: 0.2
env: { secrets-manager: { TOKEN: "${secretArn}:token" } }
phases: { build: { commands: [touch imagedefinitions.json] } }
artifacts: { files: [imagedefinitions.json] }`;
  const needed: [keyof typeof statements, string, string, RegExp][] = [
    [
      "stream",
      "PROVISIONING",
      "ACCESS_DENIED",
      /^Service role .* does not allow AWS CodeBuild to create .* logs:CreateLogStream/,
    ],
    ["head", "DOWNLOAD_SOURCE", "AccessDeniedException", / s3:GetObject on resource: arn:aws:s3:::acme-artifacts\/in/],
    [
      "version",
      "DOWNLOAD_SOURCE",
      "AccessDeniedException",
      / s3:GetObjectVersion on resource: arn:aws:s3:::acme-artifacts\/in/,
    ],
    ["secret", "DOWNLOAD_SOURCE", "AccessDeniedException", / secretsmanager:GetSecretValue on resource: arn/],
    [
      "upload",
      "UPLOAD_ARTIFACTS",
      "AccessDeniedException",
      / s3:PutObject on resource: arn:aws:s3:::acme-artifacts\/out/,
    ],
    ["events", "FINALIZING", "ACCESS_DENIED", / logs:PutLogEvents on resource/],
  ];
  for (const [missing, phase, code, message] of needed)
    it(`(${missing}) ${phase} fails with the denial`, async () => {
      const { [missing]: _, ...rest } = statements;
      await account.declare({ granted: Object.values(rest) });
      const ran = await account.build({ "buildspec.yml": buildspec });
      expect(phases(ran)).to.include(`${phase}: FAILED`);
      expect(failure(ran)?.statusCode).to.equal(code);
      expect(failure(ran)?.message).to.match(message);
    });

  it("(logs:CreateLogGroup) the log group is made only where there is none", async () => {
    const group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/codebuild/storefront:*";
    const logs = { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: group };
    await account.declare({ granted: [...Object.values(statements), logs], logsConfig: undefined });
    const ran = await account.build({ "buildspec.yml": buildspec });
    expect(failure(ran)?.message).to.match(/ logs:CreateLogGroup on resource: .*\/aws\/codebuild\/storefront/);
  });

  it("(sts:AssumeRole) the project is not created", async () => {
    const serviceRole = await account.cloud.role("stranger", "lambda.amazonaws.com", []);
    const error = await account.declare({ serviceRole }).catch((it: Error) => it);
    expect(error).to.be.an("error").with.property("message").that.includes("codebuild.amazonaws.com");
  });
});
