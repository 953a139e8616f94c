import { createApiGateway } from "./apiGateway";
import { createAutoScaling } from "./autoScaling";
import { createCloudWatch } from "./cloudWatch";
import { createCodeBuild } from "./codeBuild";
import { createCodePipeline } from "./codePipeline";
import { createDynamoDb } from "./dynamoDb";
import { createEcr } from "./ecr";
import { createEcs } from "./ecs";
import { createEventBridge } from "./eventBridge";
import { createLambda } from "./lambda";
import { createLoadBalancer } from "./loadBalancer";
import { createLogs } from "./logs";
import { createNetwork } from "./network";
import { createS3 } from "./s3";
import { createSecretsManager } from "./secretsManager";
import type { Cloud, Service } from "./service";
import { createSns } from "./sns";
import { createSqs } from "./sqs";
import { createSsm } from "./ssm";

/**
 * Every simulated service, one per line. Order matters: listeners before services that register targets, and
 * packet-forwarding instances before services that send packets.
 */
export const services: ((cloud: Cloud) => Service)[] = [
  createNetwork,
  createAutoScaling,
  createApiGateway,
  createCloudWatch,
  createCodeBuild,
  createCodePipeline,
  createDynamoDb,
  createEcr,
  createEcs,
  createEventBridge,
  createLambda,
  createLoadBalancer,
  createLogs,
  createS3,
  createSecretsManager,
  createSns,
  createSqs,
  createSsm,
];
