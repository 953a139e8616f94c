import type { Program } from "../../rehearsal/program";

const STACKS = ["dev", "prod", "cn-north-1", "cn-northwest-1"] as const;

/** How many resources of each type each of the stacks has. */
const TYPES: Record<string, [dev: number, prod: number, beijing: number, ningxia: number]> = {
  "aws:apigatewayv2/api:Api": [1, 1, 0, 1],
  "aws:apigatewayv2/integration:Integration": [2, 1, 0, 1],
  "aws:apigatewayv2/route:Route": [3, 2, 0, 1],
  "aws:apigatewayv2/stage:Stage": [1, 1, 0, 1],
  "aws:autoscaling/group:Group": [0, 0, 1, 1],
  "aws:cloudwatch/dashboard:Dashboard": [1, 1, 1, 1],
  "aws:cloudwatch/eventRule:EventRule": [8, 8, 8, 8],
  "aws:cloudwatch/eventTarget:EventTarget": [8, 8, 8, 8],
  "aws:cloudwatch/logGroup:LogGroup": [17, 13, 14, 16],
  "aws:cloudwatch/metricAlarm:MetricAlarm": [20, 16, 16, 19],
  "aws:codebuild/project:Project": [2, 1, 2, 2],
  "aws:codepipeline/pipeline:Pipeline": [1, 1, 1, 1],
  "aws:dynamodb/table:Table": [2, 2, 2, 2],
  "aws:ec2/eip:Eip": [0, 0, 1, 1],
  "aws:ec2/launchTemplate:LaunchTemplate": [0, 0, 1, 1],
  "aws:ec2/managedPrefixList:ManagedPrefixList": [0, 0, 1, 1],
  "aws:ec2/networkInterface:NetworkInterface": [0, 0, 1, 1],
  "aws:ec2/route:Route": [0, 0, 2, 2],
  "aws:ec2/securityGroup:SecurityGroup": [4, 4, 8, 8],
  "aws:ec2/vpcEndpoint:VpcEndpoint": [0, 0, 1, 1],
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": [1, 0, 1, 1],
  "aws:ecr/repository:Repository": [1, 0, 1, 1],
  "aws:ecs/cluster:Cluster": [1, 1, 1, 1],
  "aws:ecs/service:Service": [2, 2, 2, 2],
  "aws:ecs/taskDefinition:TaskDefinition": [3, 3, 3, 3],
  "aws:iam/instanceProfile:InstanceProfile": [0, 0, 1, 1],
  "aws:iam/role:Role": [21, 18, 20, 21],
  "aws:iam/rolePolicy:RolePolicy": [18, 15, 19, 20],
  "aws:lambda/eventSourceMapping:EventSourceMapping": [3, 2, 3, 3],
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": [7, 6, 7, 7],
  "aws:lambda/function:Function": [11, 8, 9, 10],
  "aws:lambda/permission:Permission": [10, 8, 8, 9],
  "aws:lb/listener:Listener": [1, 1, 1, 1],
  "aws:lb/listenerRule:ListenerRule": [1, 1, 1, 1],
  "aws:lb/loadBalancer:LoadBalancer": [1, 1, 1, 1],
  "aws:lb/targetGroup:TargetGroup": [1, 1, 1, 1],
  "aws:s3/bucket:Bucket": [2, 1, 2, 2],
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": [2, 1, 2, 2],
  "aws:s3/bucketPolicy:BucketPolicy": [2, 1, 2, 2],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": [2, 1, 2, 2],
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": [2, 1, 2, 2],
  "aws:s3/bucketVersioning:BucketVersioning": [2, 1, 2, 2],
  "aws:secretsmanager/secret:Secret": [2, 1, 0, 1],
  "aws:secretsmanager/secretVersion:SecretVersion": [2, 1, 0, 1],
  "aws:sns/topic:Topic": [1, 1, 1, 1],
  "aws:sqs/queue:Queue": [4, 2, 4, 4],
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": [4, 4, 8, 8],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [2, 2, 3, 3],
  "awsx:ec2:Vpc": [1, 1, 1, 1],
  "pulumi:pulumi:Stack": [1, 1, 1, 1],
  "slipway:infra:Alerts": [1, 1, 1, 1],
  "slipway:infra:HttpApi": [1, 1, 0, 1],
  "slipway:infra:Application": [1, 1, 1, 1],
  "slipway:infra:Bucket": [2, 1, 2, 2],
  "slipway:infra:Build": [2, 1, 2, 2],
  "slipway:infra:LambdaFunction": [11, 8, 9, 10],
  "slipway:infra:Cluster": [1, 1, 1, 1],
  "slipway:infra:Dashboard": [1, 1, 1, 1],
  "slipway:infra:DeliveredImages": [1, 1, 1, 1],
  "slipway:infra:DeploymentTable": [1, 1, 1, 1],
  "slipway:infra:DeploymentRequests": [1, 1, 0, 0],
  "slipway:infra:PushQueue": [1, 0, 1, 1],
  "slipway:infra:LoadBalancer": [1, 1, 1, 1],
  "slipway:infra:NatInstance": [0, 0, 1, 1],
  "slipway:infra:Network": [1, 1, 1, 1],
  "slipway:infra:Notices": [1, 1, 1, 1],
  "slipway:infra:Pipeline": [1, 1, 1, 1],
  "slipway:infra:Poll": [1, 0, 1, 1],
  "slipway:infra:Promotion": [0, 1, 0, 0],
  "slipway:infra:Registry": [1, 0, 1, 1],
  "slipway:infra:ScheduledTasks": [1, 1, 1, 1],
  "slipway:infra:Service": [2, 2, 2, 2],
  "slipway:infra:ServiceCheck": [1, 1, 1, 1],
  "slipway:infra:Fetch": [1, 0, 1, 1],
  "slipway:infra:Target": [1, 1, 1, 1],
  "slipway:infra:OneOffTask": [1, 1, 1, 1],
  "slipway:infra:Webhook": [1, 0, 0, 1],
};

export const resourcesOf = (stack: (typeof STACKS)[number]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(TYPES)
      .map(([type, counts]): [string, number] => [type, counts[STACKS.indexOf(stack)] ?? 0])
      .filter(([, count]) => count > 0),
  );

export function countTypes({ registrations }: Program): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of registrations) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
