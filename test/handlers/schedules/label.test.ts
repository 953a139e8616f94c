import { createHash } from "node:crypto";
import { ECRClient } from "@aws-sdk/client-ecr";
import { expect } from "chai";
import { readSchedulesLabel } from "../../../handlers/schedules/label";
import { type Endpoint, startEndpoint } from "../../callbacks/endpoint";
import { refusal, refusalMessage } from "../../refusal";
import { DIGEST } from "../deploy/ecs";
import { createSchedulesWorld, type SchedulesWorld } from "./world";

const TEXT = "timeZone: UTC\nschedules: [] # täglich\n";
const CHILD = `sha256:${"d".repeat(64)}`;
const ATTESTATION = `sha256:${"e".repeat(64)}`;
const image = `storefront@${DIGEST}`;

describe("label of an image's schedules", () => {
  let endpoint: Endpoint;
  let world: SchedulesWorld;
  let ecr: ECRClient;

  beforeEach(async () => {
    endpoint = await startEndpoint();
    world = createSchedulesWorld(endpoint);
    const credentials = { accessKeyId: "id", secretAccessKey: "key" };
    ecr = new ECRClient({ endpoint: endpoint.url, region: "us-east-1", credentials, maxAttempts: 1 });
  });
  afterEach(() => endpoint.close());

  const read = () =>
    readSchedulesLabel(ecr, { registryId: "123456789012", repositoryName: "storefront", digest: DIGEST });
  const configuration = (text: string) => {
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    world.manifests[DIGEST] = { config: { digest } };
    world.blob = () => ({ status: 200, body: text });
    return digest;
  };

  it("is read from the image's configuration", async () => {
    world.label(TEXT);
    expect(await read()).to.equal(TEXT);
    const layer = endpoint.requests.find(({ operation }) => operation === "GetDownloadUrlForLayer");
    expect(layer?.input).to.deep.include({ registryId: "123456789012", repositoryName: "storefront" });
  });

  it("is read from the first image of an index that is no attestation", async () => {
    world.label(TEXT);
    world.manifests[DIGEST] = {
      manifests: [
        { digest: ATTESTATION, platform: { os: "unknown", architecture: "unknown" } },
        { digest: CHILD, platform: { os: "linux", architecture: "amd64" } },
      ],
    };
    expect(await read()).to.equal(TEXT);
    const asked = endpoint.requests.filter(({ operation }) => operation === "BatchGetImage");
    expect(asked.map(({ input }) => input.imageIds)).to.deep.equal([
      [{ imageDigest: DIGEST }],
      [{ imageDigest: CHILD }],
    ]);
  });

  it("may be of an empty file", async () => {
    world.label("");
    expect(await read()).to.equal("");
  });

  const flag = `add --label "slipway.schedules=$(base64 < schedules.yaml | tr -d '\\n')" to the docker build of the buildspec`;
  const refused: [string, Record<string, string> | undefined, string][] = [
    [
      "that is missing",
      { maintainer: "shop" },
      `image ${image} has no label slipway.schedules: ${flag}, or remove schedules from the application's settings`,
    ],
    [
      "of an image without labels",
      undefined,
      `image ${image} has no label slipway.schedules: ${flag}, or remove schedules from the application's settings`,
    ],
    [
      "that is the file itself",
      { "slipway.schedules": TEXT },
      `label slipway.schedules of image ${image} is not base64 in one line`,
    ],
    [
      "in several lines",
      { "slipway.schedules": "dGlt\nZQ==" },
      `label slipway.schedules of image ${image} is not base64 in one line`,
    ],
    [
      "that is no text",
      { "slipway.schedules": Buffer.from([0xff, 0xfe]).toString("base64") },
      `label slipway.schedules of image ${image} is not UTF-8 text in base64`,
    ],
  ];
  for (const [what, labels, message] of refused) {
    it(`${what} is refused`, async () => {
      world.labels = labels;
      const error = await refusal(read());
      expect(error).to.deep.include({ name: "Failure", type: "ConfigurationError", message });
    });
  }

  it("of an image whose labels are null is missing", async () => {
    configuration('{"config":{"Labels":null}}');
    expect(await refusalMessage(read())).to.include("has no label slipway.schedules");
  });

  it("of a manifest without a configuration is refused", async () => {
    world.manifests[DIGEST] = { layers: [] };
    expect(await refusalMessage(read())).to.equal(`the manifest of image ${image} has no configuration`);
  });

  it("is not taken from a configuration of another digest", async () => {
    const digest = configuration("{}");
    world.blob = () => ({ status: 200, body: "{ }" });
    const other = createHash("sha256").update("{ }").digest("hex");
    expect(await refusalMessage(read())).to.equal(
      `the configuration ${digest} of an image in storefront was downloaded with another digest, sha256:${other}`,
    );
  });

  const downloads: [string, number[], string | undefined][] = [
    ["after two outages", [503, 500, 200], undefined],
    ["not after three", [503, 503, 503, 200], "503 Service Unavailable"],
    ["not after a refusal", [403, 200], "403 Forbidden"],
  ];
  for (const [what, statuses, problem] of downloads) {
    it(`is downloaded ${what}, and its signed address is in no message`, async () => {
      world.label(TEXT);
      const { blob } = world;
      world.blob = () => {
        const status = statuses.shift() ?? 500;
        return status === 200 ? blob() : { status, body: "SignatureDoesNotMatch" };
      };
      if (problem === undefined) {
        expect(await read()).to.equal(TEXT);
      } else {
        const { message } = await refusal(read());
        const { host } = new URL(endpoint.url);
        expect(message).to.match(
          /^the configuration sha256:[0-9a-f]{64} of an image in storefront cannot be downloaded: /,
        );
        expect(message.endsWith(`: ${host} returned ${problem}`)).to.equal(true);
        expect(message).not.to.include("secret");
      }
    });
  }
});
