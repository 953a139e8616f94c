import { expect } from "chai";
import { IMAGE_URI, referenceOf } from "../../../handlers/shared/image";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("image", () => {
  const references: [string, string][] = [
    [`123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront@${DIGEST}`, "storefront"],
    [`123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/acme/storefront-1a2b3c4@${DIGEST}`, "acme/storefront-1a2b3c4"],
    [`123456789012.dkr.ecr.us-east-1.localhost:4566/storefront@${DIGEST}`, "storefront"],
  ];
  for (const [uri, repositoryName] of references) {
    it(`${uri.replace(/@.*/, "")} is of repository ${repositoryName}`, () => {
      expect(referenceOf(uri)).to.deep.equal({ registryId: "123456789012", repositoryName, digest: DIGEST });
    });
  }

  const others = [
    "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront:main",
    `123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront@${DIGEST}a`,
    `123456789012.dkr.ecr.us-east-1.amazonaws.com/@${DIGEST}`,
    `docker.io/library/node@${DIGEST}`,
    `storefront@${DIGEST}`,
  ];
  for (const uri of others) {
    it(`${uri.slice(0, 90)} is not by digest in ECR`, () => {
      expect(IMAGE_URI.test(uri)).to.equal(false);
    });
  }
});
