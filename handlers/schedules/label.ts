import { createHash } from "node:crypto";
import { type ECRClient, GetDownloadUrlForLayerCommand } from "@aws-sdk/client-ecr";
import { explain, failure } from "../shared/failure";
import { type ImageReference, readImage } from "../shared/image";

/** The image label that contains schedules.yaml as base64. */
export const LABEL = "slipway.schedules";

const ATTEMPTS = 3;
const SECONDS = 10;

interface Descriptor {
  digest?: string;
  platform?: { os?: string };
}

/** The parts of an image's manifest, or of its list of manifests, that are needed to find its labels. */
interface Manifest {
  config?: Descriptor;
  manifests?: Descriptor[];
}

/**
 * Reads the schedules.yaml that an image was built with. Needs ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the
 * repository.
 * @throws Failure that says what to add to the build, if the image has no schedules
 */
export async function readSchedulesLabel(ecr: ECRClient, reference: ImageReference): Promise<string> {
  const image = `${reference.repositoryName}@${reference.digest}`;
  const config = await readConfiguration(ecr, reference, image);
  const label = config.config?.Labels?.[LABEL];
  if (label === undefined) {
    const flag = `--label "${LABEL}=$(base64 < schedules.yaml | tr -d '\\n')"`;
    const what = `image ${image} has no label ${LABEL}: add ${flag} to the docker build of the buildspec`;
    throw failure("ConfigurationError", `${what}, or remove schedules from the application's settings`);
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(label)) {
    throw failure("ConfigurationError", `label ${LABEL} of image ${image} is not base64 in one line`);
  }
  const bytes = Buffer.from(label, "base64");
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) {
    throw failure("ConfigurationError", `label ${LABEL} of image ${image} is not UTF-8 text in base64`);
  }
  return text;
}

interface Configuration {
  config?: { Labels?: Record<string, string> | null };
}

async function readConfiguration(ecr: ECRClient, reference: ImageReference, image: string): Promise<Configuration> {
  const outer = await readManifest(ecr, reference);
  // All platforms are built from one Dockerfile with the same labels. Attestations have the platform unknown.
  // https://docs.docker.com/build/metadata/attestations/attestation-storage/
  const child = outer.manifests?.find(({ platform }) => platform?.os !== "unknown")?.digest;
  const manifest = child === undefined ? outer : await readManifest(ecr, { ...reference, digest: child });
  const digest = manifest.config?.digest;
  if (digest === undefined) {
    throw failure("JobFailed", `the manifest of image ${image} has no configuration`);
  }
  return JSON.parse(await readBlob(ecr, reference, digest)) as Configuration;
}

async function readManifest(ecr: ECRClient, reference: ImageReference): Promise<Manifest> {
  const { imageManifest } = await readImage(ecr, reference);
  return JSON.parse(imageManifest ?? "{}") as Manifest;
}

/** A blob of the repository. Its signed URL gives anyone access, so no message contains it. */
async function readBlob(
  ecr: ECRClient,
  { registryId, repositoryName }: ImageReference,
  layerDigest: string,
): Promise<string> {
  const request = { registryId, repositoryName, layerDigest };
  const { downloadUrl } = await ecr.send(new GetDownloadUrlForLayerCommand(request));
  const what = `the configuration ${layerDigest} of an image in ${repositoryName}`;
  if (downloadUrl === undefined) {
    throw failure("JobFailed", `ECR returned no download URL for ${what}`);
  }
  const bytes = await download(downloadUrl, what);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (digest !== layerDigest) {
    throw failure("JobFailed", `${what} was downloaded with another digest, ${digest}`);
  }
  return bytes.toString("utf8");
}

async function download(url: string, what: string): Promise<Buffer> {
  let problem = "";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(SECONDS * 1_000) });
      if (response.ok) {
        return Buffer.from(await response.arrayBuffer());
      }
      await response.body?.cancel();
      problem = `${new URL(url).host} returned ${response.status} ${response.statusText}`;
      if (response.status < 500) {
        break;
      }
    } catch (error) {
      problem = `${new URL(url).host} cannot be reached: ${explain(error)}`;
    }
  }
  throw failure("SystemUnavailable", `${what} cannot be downloaded: ${problem}`);
}
