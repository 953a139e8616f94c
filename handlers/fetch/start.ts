import { createHash } from "node:crypto";
import { type CodePipelineClient, StartPipelineExecutionCommand } from "@aws-sdk/client-codepipeline";
import { explain, failure, isException } from "../shared/failure";
import { typeOf } from "./retry";

/** The name of the pipeline's source action, used to bind an execution to a version of the archive. */
export const sourceAction = "Source";

/** A pipeline and the archive that it uses. */
export interface Started {
  /** The pipeline's name. */
  pipeline: string;
  /** The object's key, such as `storefront/source.zip`. */
  key: string;
  /** Whether the pipeline supports source revision overrides: V2 pipelines do, V1 pipelines reject them. */
  overridable: boolean;
}

/** Starts the pipeline on one version of the archive. The token makes repeated calls start it only once. */
export async function start(
  pipelines: CodePipelineClient,
  source: Started,
  versionId: string,
  abortSignal: AbortSignal,
): Promise<void> {
  const revision = {
    actionName: sourceAction,
    revisionType: "S3_OBJECT_VERSION_ID",
    revisionValue: versionId,
  } as const;
  const execution = new StartPipelineExecutionCommand({
    name: source.pipeline,
    // A version id may contain characters not allowed in a token.
    clientRequestToken: createHash("sha256").update(versionId).digest("hex"),
    ...(source.overridable && { sourceRevisions: [revision] }),
  });
  try {
    await pipelines.send(execution, { abortSignal });
  } catch (error) {
    const what = `pipeline ${source.pipeline} was not started for object version ${versionId} of ${source.key}`;
    // Too many executions in progress.
    const isBusy = isException(error, "ConflictException", "ConcurrentPipelineExecutionsLimitExceededException");
    throw failure(isBusy ? "SystemUnavailable" : typeOf(error), `${what}: ${explain(error)}`, error);
  }
}
