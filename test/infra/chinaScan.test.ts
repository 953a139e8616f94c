import { expect } from "chai";
import { ENDPOINT_SERVICES } from "../../infra/partition";
import type { Program } from "../../rehearsal/program";
import { evaluateGitopsInBeijing } from "./gitopsStack";
import { type RegisteredText, registeredTexts } from "./registeredText";
import { evaluateStack, stackBeijing, stackDev, stackNingxia, stackProd } from "./support";

interface Finding {
  where: string;
  found: string;
}

/** ARNs and hosts that there are outside China alone. */
const OUTSIDE_CHINA =
  /arn:aws:[^\s"'`\\]*|[\w*.-]*(?:amazonaws\.com(?!\.cn\b)|aws\.amazon\.com|\b(?:api|ecr|on)\.aws\b)/g;
const CHINESE = /aws-cn|amazonaws\.(?:com\.)?cn|amazonwebservices\.com\.cn/g;

/** What a script's comment tells its reader to look up is no host that anybody calls. */
const LOOKED_UP = /^\s*# https:\/\/docs\.aws\.amazon\.com\/\S+$/gm;

const scan = (texts: RegisteredText[], pattern: RegExp): Finding[] =>
  texts.flatMap(({ where, text }) =>
    [...text.replaceAll(LOOKED_UP, "").matchAll(pattern)].map(([found]) => ({ where, found })),
  );

/** Where a service principal stands: in a policy, or as who may invoke a function. */
const NAMES_PRINCIPALS =
  /\[aws:(iam\/role:Role\] assumeRolePolicy|iam\/rolePolicy:RolePolicy\] policy|lambda\/permission:Permission\] principal)$/;

/** The service principals that end in `.amazonaws.com` in China too, as each stack has them. */
const PRINCIPALS = ["codebuild", "codepipeline", "ecs-tasks", "events", "lambda"];

function split(findings: Finding[]): { principals: string[]; foreign: Finding[] } {
  const isPrincipal = ({ where, found }: Finding) =>
    NAMES_PRINCIPALS.test(where) && /^[a-z-]+\.amazonaws\.com$/.test(found);
  return {
    principals: [...new Set(findings.filter(isPrincipal).map(({ found }) => found))].sort(),
    foreign: findings.filter((finding) => !isPrincipal(finding)),
  };
}

const STACKS: [name: string, stack: () => Promise<Program>, principals: string[]][] = [
  ["cn-north-1", stackBeijing, PRINCIPALS],
  ["cn-northwest-1", stackNingxia, ["apigateway", ...PRINCIPALS]],
  ["pull requests in cn-north-1", evaluateGitopsInBeijing, ["apigateway", ...PRINCIPALS]],
];

describe("what the stacks in China register", () => {
  for (const [name, stack, principals] of STACKS)
    it(`names nothing outside China, but for service principals: ${name}`, async () => {
      const { registrations } = await stack();
      const found = split(scan(registeredTexts(registrations), OUTSIDE_CHINA));
      expect(found.foreign).to.deep.equal([]);
      expect(found.principals).to.deep.equal(principals.map((service) => `${service}.amazonaws.com`));
    });

  it("is looked at as AWS reads it: user data decoded, archives unpacked, policies and buildspecs", async () => {
    const { registrations } = await stackBeijing();
    const texts = registeredTexts(registrations);
    const at = (where: string) => texts.filter((it) => it.where === where).map(({ text }) => text);
    expect(at("slipway-nat [aws:ec2/launchTemplate:LaunchTemplate] userData")[1]).to.match(/^#!\/bin\/bash\n/);
    expect(at("slipway-fetch-function [aws:lambda/function:Function] code.__index.js")[0]).to.contain(
      "exports.handler = ",
    );
    expect(
      at("slipway-fetch-function [aws:lambda/function:Function] code.node_modules/yauzl package.json"),
    ).to.have.length(1);
    expect(at("slipway-fetch-role-policy [aws:iam/rolePolicy:RolePolicy] policy")[0]).to.contain("arn:aws-cn:");
  });
});

describe("what the stacks outside China register", () => {
  const stacks: [name: string, stack: () => Promise<Program>][] = [
    ["dev", stackDev],
    ["prod", stackProd],
  ];
  for (const [name, stack] of stacks)
    it(`names nothing in China: ${name}`, async () => {
      const { registrations } = await stack();
      expect(scan(registeredTexts(registrations), CHINESE)).to.deep.equal([]);
    });

  it("names nothing in China with a NAT instance and every endpoint either", async () => {
    const { registrations } = await evaluateStack({
      settings: {
        "aws:region": "us-east-1",
        "slipway:environment": "dev",
        "slipway:network": {
          egress: "nat-instance",
          endpoints: [...ENDPOINT_SERVICES],
        },
        "slipway:applications": [
          {
            name: "jobs",
            source: { push: { repository: "acme/jobs", branch: "main" } },
            services: [{ name: "mail", command: ["mail"] }],
          },
        ],
      },
    });
    expect(scan(registeredTexts(registrations), CHINESE)).to.deep.equal([]);
  });
});

describe("the scan", () => {
  const encoded = (text: string) => Buffer.from(`#!/bin/bash\n${text}\nnetworkctl list\n`).toString("base64");
  const PLANTED: [what: string, inputs: Record<string, unknown>, where: string, found: string][] = [
    [
      "a policy's resource",
      { policy: JSON.stringify({ Statement: [{ Resource: ["arn:aws:s3:::acme/*"] }] }) },
      "policy",
      "arn:aws:s3:::acme/*",
    ],
    [
      "an option in the environment",
      { environment: { variables: { OPTIONS: '{"queueUrl":"https://sqs.us-east-1.amazonaws.com/1/a"}' } } },
      "environment.variables.OPTIONS",
      "sqs.us-east-1.amazonaws.com",
    ],
    [
      "a buildspec",
      {
        source: {
          buildspec: "phases:\n  build:\n    commands:\n      - docker pull public.ecr.aws/docker/library/node",
        },
      },
      "source.buildspec",
      "public.ecr.aws",
    ],
    [
      "user data",
      { userData: encoded("curl https://al2023.s3.dualstack.us-east-1.amazonaws.com/x") },
      "userData",
      "al2023.s3.dualstack.us-east-1.amazonaws.com",
    ],
    [
      "code",
      {
        code: {
          kind: "archive",
          assets: { "__index.js": { kind: "asset", text: "const host = `ecr.$" + "{region}.amazonaws.com`" } },
        },
      },
      "code.__index.js",
      ".amazonaws.com",
    ],
    ["a console", { notice: "https://console.aws.amazon.com/x" }, "notice", "console.aws.amazon.com"],
    ["a principal where none belongs", { principal: "lambda.amazonaws.com" }, "principal", "lambda.amazonaws.com"],
  ];
  for (const [what, inputs, where, found] of PLANTED)
    it(`finds ${what}`, () => {
      const texts = registeredTexts([{ type: "aws:x/y:Y", name: "planted", inputs }]);
      expect(split(scan(texts, OUTSIDE_CHINA)).foreign).to.deep.equal([
        { where: `planted [aws:x/y:Y] ${where}`, found },
      ]);
    });

  const HARMLESS: [what: string, text: string][] = [
    ["China's hosts", "https://sqs.cn-north-1.amazonaws.com.cn/1/a"],
    ["China's ARNs", "arn:aws-cn:s3:::acme/*"],
    ["names of endpoint services", "cn.com.amazonaws.cn-north-1.ecr.api"],
    ["China's console", "https://console.amazonaws.cn/codesuite"],
  ];
  for (const [what, text] of HARMLESS)
    it(`takes ${what} for China's`, () => {
      const texts = registeredTexts([{ type: "aws:x/y:Y", name: "planted", inputs: { text } }]);
      expect(scan(texts, OUTSIDE_CHINA)).to.deep.equal([]);
    });

  for (const text of ["arn:aws-cn:s3:::acme", "x.dkr.ecr.cn-north-1.amazonaws.com.cn", "https://console.amazonaws.cn"])
    it(`finds ${text} outside China`, () => {
      const texts = registeredTexts([{ type: "aws:x/y:Y", name: "planted", inputs: { text } }]);
      expect(scan(texts, CHINESE)).to.have.length(1);
    });
});
