import { expect } from "chai";
import { IMAGE_FORM, isImage } from "../../../handlers/pullRequests/fields";
import { readRequest } from "../../../handlers/pullRequests/request";

const REVISION = "8f59df978e3fa133a2ee39ff66b3382342ce958c";
const DIGEST = `sha256:${"b".repeat(64)}`;
const REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const FOLDER = "at most 100 lower-case letters, digits and . _ -, starting and ending with a letter or digit";

const refused = (field: string, reason: string) => ({ kind: "refused", field, reason });

describe("request for a pull request, plain", () => {
  const plain = {
    repository: "acme/storefront",
    revision: REVISION,
    image: `storefront=${REGISTRY}/storefront:${REVISION}`,
    environment: "dev",
  };
  const read = (changes: object) => readRequest({ ...plain, ...changes }, undefined);
  const wanted = (changes: object) => ({
    kind: "wanted",
    request: { service: "storefront", ...plain, build: undefined, ...changes },
  });

  const REPOSITORY = `owner/name, with a name of ${FOLDER}`;
  const ENVIRONMENT = `an overlay's name: ${FOLDER}`;
  const rows: [string, object, object][] = [
    ["all that it needs", {}, wanted({})],
    ["a build", { build: "https://ci.acme.example/7?a=b" }, wanted({ build: "https://ci.acme.example/7?a=b" })],
    ["a name in capitals", { repository: "acme/Storefront" }, wanted({ repository: "acme/Storefront" })],
    ["groups", { repository: "acme/shop/loyalty" }, wanted({ service: "loyalty", repository: "acme/shop/loyalty" })],
    [
      "no repository",
      { repository: undefined },
      refused("repository", `repository is missing, expected ${REPOSITORY}`),
    ],
    [
      "a repository of nobody",
      { repository: "storefront" },
      refused("repository", `repository is malformed, expected ${REPOSITORY}`),
    ],
    [
      "a repository that is a way out",
      { repository: "acme/.." },
      refused("repository", `repository is malformed, expected ${REPOSITORY}`),
    ],
    [
      "a repository outside of its owner",
      { repository: "../storefront" },
      refused("repository", `repository is malformed, expected ${REPOSITORY}`),
    ],
    [
      "a repository that git takes for a lock",
      { repository: "acme/storefront.lock" },
      refused("repository", `repository is malformed, expected ${REPOSITORY}`),
    ],
    [
      "a number for a repository",
      { repository: 7 },
      refused("repository", `repository is not a string, expected ${REPOSITORY}`),
    ],
    [
      "no revision",
      { revision: undefined },
      refused("revision", "revision is missing, expected a commit's 40 hex digits"),
    ],
    [
      "a short revision",
      { revision: "8f59df9" },
      refused("revision", "revision is malformed, expected a commit's 40 hex digits"),
    ],
    [
      "a revision and a line more",
      { revision: `${REVISION}\n` },
      refused("revision", "revision is malformed, expected a commit's 40 hex digits"),
    ],
    ["no image", { image: undefined }, refused("image", `image is missing, expected ${IMAGE_FORM}`)],
    [
      "an image without version",
      { image: "storefront" },
      refused("image", `image is malformed, expected ${IMAGE_FORM}`),
    ],
    ["null for an image", { image: null }, refused("image", `image is missing, expected ${IMAGE_FORM}`)],
    [
      "no environment",
      { environment: undefined },
      refused("environment", `environment is missing, expected ${ENVIRONMENT}`),
    ],
    [
      "an environment elsewhere",
      { environment: "../prod" },
      refused("environment", `environment is malformed, expected ${ENVIRONMENT}`),
    ],
    [
      "an environment with two dots",
      { environment: "dev..1" },
      refused("environment", `environment is malformed, expected ${ENVIRONMENT}`),
    ],
    [
      "an environment that ends in a dot",
      { environment: "dev." },
      refused("environment", `environment is malformed, expected ${ENVIRONMENT}`),
    ],
    [
      "a long environment",
      { environment: "d".repeat(101) },
      refused("environment", `environment is malformed, expected ${ENVIRONMENT}`),
    ],
    [
      "a build over http",
      { build: "http://ci.acme.example/7" },
      refused("build", "build is malformed, expected an https URL without a password"),
    ],
    [
      "a build with a password",
      { build: "https://ci:secret@ci.acme.example/7" },
      refused("build", "build is malformed, expected an https URL without a password"),
    ],
    [
      "a build that breaks out of a link",
      { build: "https://ci.acme.example/7)[x](y" },
      refused("build", "build is malformed, expected an https URL without a password"),
    ],
    [
      "a build that is no URL",
      { build: "https://" },
      refused("build", "build is malformed, expected an https URL without a password"),
    ],
    [
      "a field that it does not know",
      { force: true },
      refused("force", "unknown field: the body takes repository, revision, image, environment, build"),
    ],
  ];
  for (const [what, changes, verdict] of rows) {
    it(`with ${what} is ${(verdict as { kind: string }).kind}`, () => {
      expect(read(changes)).to.deep.equal(verdict);
    });
  }

  for (const body of [[], null, "storefront", 7]) {
    it(`that is ${JSON.stringify(body)} is refused`, () => {
      const reason =
        "the body is not a JSON object: send repository, revision, image, environment, or the payload of CircleCI's webhook orb";
      expect(readRequest(body, undefined)).to.deep.equal({ kind: "refused", reason });
    });
  }
  it("that is empty lacks a repository", () => {
    expect(readRequest({}, undefined)).to.deep.equal(
      refused("repository", `repository is missing, expected ${REPOSITORY}`),
    );
  });

  const images: [string, boolean][] = [
    ["storefront:v2", true],
    [`storefront@${DIGEST}`, true],
    [`storefront:v2@${DIGEST}`, true],
    [`storefront=${REGISTRY}/storefront:v2`, true],
    [`storefront=${REGISTRY}/storefront@${DIGEST}`, true],
    [`acme/storefront=${REGISTRY}/acme/storefront:v2@${DIGEST}`, true],
    ["storefront=registry.acme.example:5000/storefront:v2", true],
    ["storefront=*:v2", true],
    ["registry.acme.example:5000/storefront:v2", true],
    ["registry.acme.example:5000/storefront", false],
    ["storefront=registry.acme.example/storefront", false],
    ["*:v2", false],
    ["storefront=:v2", false],
    ["=*:v2", false],
    ["=:v2", false],
    ["=", false],
    ["IMAGE=ghcr.io/acme/storefront", false],
    ["IMAGE=ghcr.io/acme/Storefront:v2", false],
    ["Frontend:v2", false],
    ["IM\nAGE=ghcr.io/acme/storefront:v2", false],
    ["IM\u2028AGE=ghcr.io/acme/storefront:v2", false],
    ["IM\u202eAGE=ghcr.io/acme/storefront:v2", false],
    ["IM\ud800AGE=ghcr.io/acme/storefront:v2", false],
    ["storefront=a=b:v2", false],
    ["storefront:", false],
    ["storefront:-v2", false],
    ["storefront:v2@sha256:abc", false],
    [`storefront@${DIGEST}:v2`, false],
    ["store front:v2", false],
    ["storefront:v2\n", false],
    ["--help", false],
    ["../storefront:v2", false],
    [`storefront:${"v".repeat(128)}`, true],
    [`storefront:${"v".repeat(129)}`, false],
    [`${"a/".repeat(400)}storefront:v2`, false],
  ];
  const placeholders = [
    "IMAGE",
    "Frontend",
    "gcr.io/PROJECT_ID/IMAGE",
    "{{ image }}",
    "$(IMAGE)",
    "a:b@c",
    "Bär",
    ".*",
  ];
  for (const name of placeholders) {
    it(`takes the placeholder ${name} before =, which kustomize takes`, () => {
      const image = `${name}=ghcr.io/acme/storefront:v2`;
      expect(read({ image })).to.deep.equal(wanted({ image }));
      expect(isImage(`${name}=*@${DIGEST}`)).to.equal(true);
    });
  }
  it("takes nothing before =, which kustomize takes for no name", () => {
    expect(isImage("=ghcr.io/acme/storefront:v2")).to.equal(true);
  });

  for (const [image, expected] of images) {
    it(`${expected ? "takes" : "refuses"} the image ${JSON.stringify(image.slice(0, 90))}`, () => {
      expect(isImage(image)).to.equal(expected);
    });
  }
});
