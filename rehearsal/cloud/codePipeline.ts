import type { PipelineArgs } from "@pulumi/aws/codepipeline";
import type { Unwrap } from "@pulumi/pulumi";
import type { ActionType } from "./codePipeline/actionType";
import { createApprovals } from "./codePipeline/approval";
import { codeBuild } from "./codePipeline/build";
import { ecrSource } from "./codePipeline/ecrSource";
import { ecsDeploy } from "./codePipeline/ecsDeploy";
import { createRunner } from "./codePipeline/execution";
import { createJobs } from "./codePipeline/jobs";
import type { Pipeline } from "./codePipeline/model";
import { createOperations, pipelineNamed } from "./codePipeline/operations";
import { s3Source } from "./codePipeline/s3Source";
import { checkStructure, type StageDeclaration } from "./codePipeline/structure";
import { inputsOf } from "./declared";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "./service";

type Inputs = Unwrap<PipelineArgs>;

const servicePrincipal = "codepipeline.amazonaws.com";

/**
 * CodePipeline: validates declared pipelines, and runs executions through their stages in SUPERSEDED mode under the
 * pipeline's role. Unlike in AWS, a new pipeline does not run when it is created.
 */
export function createCodePipeline(cloud: Cloud): Service {
  const pipelines = new Map<string, Pipeline>();
  const jobs = createJobs(cloud);
  const approvals = createApprovals(cloud, (name) => pipelineNamed(pipelines, name).stages);
  const types: Record<string, ActionType> = {
    "Source/AWS/S3/1": s3Source,
    "Source/AWS/ECR/1": ecrSource,
    "Build/AWS/CodeBuild/1": codeBuild,
    "Test/AWS/CodeBuild/1": codeBuild,
    "Deploy/AWS/ECS/1": ecsDeploy,
    "Invoke/AWS/Lambda/1": jobs.lambda,
    "Approval/AWS/Manual/1": approvals.approval,
  };
  const runner = createRunner(cloud, types);

  async function createPipeline(declaration: Declaration): Promise<Created> {
    const inputs = inputsOf<Inputs>(declaration, [
      "name",
      "roleArn",
      "pipelineType",
      "executionMode",
      "artifactStores",
      "stages",
      "tags",
      "region",
    ]);
    const name = cloud.physicalName(declaration, inputs.name);
    if (pipelines.has(name)) throw awsError("PipelineNameInUseException", `A pipeline named ${name} exists already.`);
    const stages = readStages(inputs);
    checkStructure(name, stages, types);
    const arn = cloud.arn("codepipeline", name);
    pipelines.set(name, {
      name,
      arn,
      type: readType(inputs),
      roleArn: inputs.roleArn,
      credentials: await cloud.assumeRole(servicePrincipal, inputs.roleArn),
      artifactBucket: await artifactBucket(inputs),
      stages,
      occupancy: new Map(),
      executions: [],
    });
    return { id: name, outputs: { arn, name, pipelineType: readType(inputs) } };
  }

  async function artifactBucket({ artifactStores }: Inputs): Promise<string> {
    const [store, ...more] = artifactStores;
    if (store === undefined || more.length > 0 || store.encryptionKey !== undefined || store.region !== undefined)
      throw awsError("InvalidStructureException", "One artifact store, without region or encryptionKey, is simulated.");
    const caller = { kind: "aws", service: servicePrincipal } as const;
    await cloud.call(caller, "s3", "HeadBucket", { Bucket: store.location });
    return store.location;
  }

  return {
    name: "codepipeline",
    resources: { "aws:codepipeline/pipeline:Pipeline": createPipeline },
    operations: {
      ...createOperations(cloud, pipelines, types, runner.start),
      ...jobs.operations,
      ...approvals.operations,
    },
  };
}

/** @throws AwsError InvalidStructureException, or an Error for anything not simulated */
function readType({ pipelineType = "V1", executionMode = "SUPERSEDED" }: Inputs): "V1" | "V2" {
  if (pipelineType !== "V1" && pipelineType !== "V2")
    throw awsError("InvalidStructureException", `The pipeline type ${pipelineType} is neither V1 nor V2.`);
  if (executionMode !== "SUPERSEDED") throw new Error(`The execution mode ${executionMode} is not simulated.`);
  return pipelineType;
}

function readStages({ stages }: Inputs): StageDeclaration[] {
  return stages.map((stage) => {
    refuseOthers(`stage ${stage.name}`, stage, ["name", "actions"]);
    return { name: stage.name, actions: stage.actions.map(readAction) };
  });
}

function readAction(action: Inputs["stages"][number]["actions"][number]) {
  const { name, category, owner, provider, version, runOrder = 1, namespace } = action;
  const { configuration = {}, inputArtifacts = [], outputArtifacts = [], ...rest } = action;
  refuseOthers(`action ${name}`, rest, ["name", "category", "owner", "provider", "version", "runOrder", "namespace"]);
  return {
    ...{ name, category, owner, provider, version, runOrder, namespace },
    ...{ configuration, inputArtifacts, outputArtifacts },
  };
}

function refuseOthers(what: string, declared: object, known: string[]): void {
  const other = Object.entries(declared).find(([key, value]) => value !== undefined && !known.includes(key));
  if (other !== undefined) throw new Error(`The field ${other[0]} of ${what} is not simulated.`);
}
