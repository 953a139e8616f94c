import { expect } from "chai";
import { partitionOf } from "../../../infra/partition";
import { baseImageRepositories } from "../../../infra/settings/baseImages";

describe("base images", () => {
  const registries: [string | undefined, string, string | undefined][] = [
    [undefined, "us-east-1", undefined],
    ["docker.io/library", "us-east-1", undefined],
    ["public.ecr.aws/docker/library", "us-east-1", undefined],
    ["mirror.example.com/123456789012.dkr.ecr.us-east-1.amazonaws.com", "us-east-1", undefined],
    [
      "123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror",
      "us-east-1",
      "arn:aws:ecr:us-east-1:123456789012:repository/mirror/*",
    ],
    ["123456789012.dkr.ecr.us-east-1.amazonaws.com", "us-east-1", "arn:aws:ecr:us-east-1:123456789012:repository/*"],
    [
      "210987654321.dkr.ecr.cn-northwest-1.amazonaws.com.cn/mirror/library",
      "cn-north-1",
      "arn:aws-cn:ecr:cn-northwest-1:210987654321:repository/mirror/library/*",
    ],
    [
      "123456789012.dkr.ecr-fips.us-east-2.amazonaws.com/mirror",
      "us-east-1",
      "arn:aws:ecr:us-east-2:123456789012:repository/mirror/*",
    ],
  ];
  for (const [registry, region, repositories] of registries)
    it(`of ${registry} may be pulled from ${repositories ?? "no repository in ECR"}`, () => {
      const partition = partitionOf(region);
      if (partition === undefined) throw new Error(`no partition has ${region}`);
      expect(baseImageRepositories(partition, registry)).to.equal(repositories);
    });
});
