import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { partitionOf } from "../../infra/partition";
import { ROOT } from "./support";

describe("partitions", () => {
  const REGIONS: [region: string, partition: string | undefined][] = [
    ["us-east-1", "aws"],
    ["ap-southeast-5", "aws"],
    ["ca-west-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["cn-northwest-1", "aws-cn"],
    ["us-gov-west-1", undefined],
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

  it("differ in their hosts and their consoles", () => {
    const hosts = ["us-east-1", "cn-north-1"].map((region) => partitionOf(region));
    expect(hosts.map((it) => [it?.dnsSuffix, it?.consoleUrl])).to.deep.equal([
      ["amazonaws.com", "https://console.aws.amazon.com"],
      ["amazonaws.com.cn", "https://console.amazonaws.cn"],
    ]);
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
