import { createHash } from "node:crypto";
import type { Cloud } from "../service";

export type Architecture = "arm64" | "x86_64";

const ARCHITECTURES: Architecture[] = ["arm64", "x86_64"];

/**
 * The id of Amazon Linux 2023 in the account's region, which AWS publishes as a parameter.
 * https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
 */
export const amazonLinux = ({ region }: Pick<Cloud, "region">, architecture: Architecture): string =>
  `ami-${createHash("sha256").update(`al2023 ${architecture} ${region}`).digest("hex").slice(0, 17)}`;

/** An image's architecture; undefined for images not from Amazon, which are unknown here. */
export const architectureOf = (cloud: Pick<Cloud, "region">, image: string): Architecture | undefined =>
  ARCHITECTURES.find((it) => amazonLinux(cloud, it) === image);

/** Amazon's parameters in the region, by name. */
export const publicParameters = (cloud: Pick<Cloud, "region">): Record<string, string> =>
  Object.fromEntries(
    ARCHITECTURES.flatMap((architecture) =>
      ["default", "6.1"].map((kernel) => [
        `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-${kernel}-${architecture}`,
        amazonLinux(cloud, architecture),
      ]),
    ),
  );

/** Graviton families have a g after the generation: t4g, c7gn. */
export const architectureOfType = (instanceType: string): Architecture =>
  /^(a1|[a-z]+\d+g[a-z]*)\./.test(instanceType) ? "arm64" : "x86_64";
