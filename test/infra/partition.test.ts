import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import {
  type AwsService,
  ENDPOINT_SERVICES,
  type EndpointService,
  type Partition,
  partitionOf,
} from "../../infra/partition";
import { ROOT } from "./support";

const known = (region: string): Partition => {
  const partition = partitionOf(region);
  if (partition === undefined) throw new Error(`${region} is in no partition`);
  return partition;
};

const GLOBAL = known("us-east-1");
const CHINA = known("cn-north-1");

describe("partitions", () => {
  const REGIONS: [region: string, partition: string | undefined][] = [
    ["us-east-1", "aws"],
    ["ap-southeast-5", "aws"],
    ["ca-west-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["cn-northwest-1", "aws-cn"],
    ["us-gov-west-1", undefined],
    ["us-east-3", undefined],
    ["eu-west-4", undefined],
    ["cn-south-1", undefined],
    ["us-iso-east-1", undefined],
    ["eusc-de-east-1", undefined],
    ["us-east", undefined],
    ["us-east-1a", undefined],
    ["", undefined],
  ];
  for (const [region, partition] of REGIONS)
    it(`has ${region || "no region"} in ${partition ?? "none that slipway knows"}`, () => {
      expect(partitionOf(region)?.id).to.equal(partition);
    });

  it("differ in their hosts, their consoles and their defaults", () => {
    const pairs = Object.entries(GLOBAL)
      .filter(([, value]) => typeof value !== "function" && !Array.isArray(value))
      .map(([key, value]) => [key, value, Object(CHINA)[key]]);
    expect(pairs).to.deep.equal([
      ["id", "aws", "aws-cn"],
      ["pipelineType", "V2", "V1"],
      ["intake", "webhook", "poll"],
      ["functionsInVpc", false, true],
      ["dnsSuffix", "amazonaws.com", "amazonaws.com.cn"],
      ["consoleUrl", "https://console.aws.amazon.com", "https://console.amazonaws.cn"],
    ]);
  });

  const PRINCIPALS: [service: AwsService, global: string, china: string][] = [
    ["ec2", "ec2.amazonaws.com", "ec2.amazonaws.com.cn"],
    ["lambda", "lambda.amazonaws.com", "lambda.amazonaws.com"],
    ["ecs-tasks", "ecs-tasks.amazonaws.com", "ecs-tasks.amazonaws.com"],
    ["codebuild", "codebuild.amazonaws.com", "codebuild.amazonaws.com"],
    ["codepipeline", "codepipeline.amazonaws.com", "codepipeline.amazonaws.com"],
    ["events", "events.amazonaws.com", "events.amazonaws.com"],
    ["apigateway", "apigateway.amazonaws.com", "apigateway.amazonaws.com"],
    ["sns", "sns.amazonaws.com", "sns.amazonaws.com"],
  ];
  for (const [service, ...principals] of PRINCIPALS)
    it(`know ${service} by the principals ${principals.join(" and ")}`, () => {
      expect([GLOBAL, CHINA].map((it) => it.servicePrincipal(service))).to.deep.equal(principals);
    });

  const CHINESE: Record<EndpointService, string> = {
    s3: "com.amazonaws.cn-north-1.s3",
    dynamodb: "com.amazonaws.cn-north-1.dynamodb",
    "ecr.api": "cn.com.amazonaws.cn-north-1.ecr.api",
    "ecr.dkr": "cn.com.amazonaws.cn-north-1.ecr.dkr",
    logs: "com.amazonaws.cn-north-1.logs",
    secretsmanager: "com.amazonaws.cn-north-1.secretsmanager",
    ssm: "com.amazonaws.cn-north-1.ssm",
    sqs: "cn.com.amazonaws.cn-north-1.sqs",
    sns: "com.amazonaws.cn-north-1.sns",
    codepipeline: "com.amazonaws.cn-north-1.codepipeline",
  };
  for (const service of ENDPOINT_SERVICES)
    it(`name the endpoint of ${service}`, () => {
      const names = [GLOBAL.endpointService(service, "us-east-1"), CHINA.endpointService(service, "cn-north-1")];
      expect(names).to.deep.equal([`com.amazonaws.us-east-1.${service}`, CHINESE[service]]);
    });

  it("know the letters of China's availability zones, and leave the others to AWS", () => {
    const letters = ["cn-north-1", "cn-northwest-1", "cn-south-1"].map((region) => CHINA.zoneLetters(region));
    expect([...letters, GLOBAL.zoneLetters("us-east-1")]).to.deep.equal(["abd", "abc", undefined, undefined]);
  });

  it("are named in infra/partition.ts, and nowhere else in the program", () => {
    const files = ["index.ts", ...filesIn("infra"), ...filesIn("handlers")];
    const naming = files.filter((file) => /arn:aws|amazonaws|aws-cn/.test(codeOf(file)));
    expect(naming).to.deep.equal(["infra/partition.ts"]);
  });
});

/** A source without its comments, which may spell out what AWS documents. */
const codeOf = (file: string): string =>
  readFileSync(path.join(ROOT, file), "utf8")
    .split("\n")
    .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line))
    .join("\n");

const filesIn = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.posix.join(folder, file))
    .sort();
