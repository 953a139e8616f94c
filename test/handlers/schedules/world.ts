import { createHash } from "node:crypto";
import type { Target } from "@aws-sdk/client-eventbridge";
import type { SchedulesOptions } from "../../../handlers/schedules/options";
import { awsFault, type Endpoint } from "../../callbacks/endpoint";
import { createEcs, type Ecs } from "../deploy/ecs";

export const FAMILY = "dev-storefront-task";

export const arnOf = (revision: number) => `arn:aws:ecs:us-east-1:123456789012:task-definition/${FAMILY}:${revision}`;

export const options: SchedulesOptions = {
  application: "storefront",
  environment: "dev",
  cluster: "arn:aws:ecs:us-east-1:123456789012:cluster/dev",
  taskDefinition: arnOf(1),
  container: "app",
  subnets: ["subnet-2", "subnet-1"],
  securityGroup: "sg-1",
  roleArn: "arn:aws:iam::123456789012:role/events",
};

export const OWN_TAGS = { "slipway:application": "storefront", "slipway:environment": "dev" };

export interface StoredRule {
  ScheduleExpression?: string;
  EventPattern?: string;
  Description?: string;
  State?: string;
  tags: Record<string, string>;
  targets: Target[];
}

/** EventBridge's rules, ECS's task definitions, and ECR's images. */
export interface SchedulesWorld {
  ecs: Ecs;
  rules: Record<string, StoredRule>;
  /** The labels of the image; `undefined` for none at all. */
  labels: Record<string, string> | undefined;
  /** Puts a schedules.yaml into the image. */
  label(text: string): void;
  /** The image as BatchGetImage gives it, by digest; the others are the plain one. */
  manifests: Record<string, object>;
  /** What the image's configuration is downloaded as. */
  blob: () => { status: number; body?: string };
  /** Rules with their expressions, states, commands and revisions. */
  summary(): Record<string, string>;
}

/** Lists come in pages of one, and targets with the fields that EventBridge adds. */
export function createSchedulesWorld(endpoint: Endpoint): SchedulesWorld {
  const configuration = () => JSON.stringify({ os: "linux", config: { Env: ["KEY=value"], Labels: world.labels } });
  const world: SchedulesWorld = {
    ecs: createEcs(endpoint, [FAMILY], false),
    rules: {},
    labels: {},
    manifests: {},
    blob: () => ({ status: 200, body: configuration() }),
    label(text) {
      world.labels = { "slipway.schedules": Buffer.from(text).toString("base64") };
    },
    summary: () =>
      Object.fromEntries(
        Object.entries(world.rules).map(([name, { ScheduleExpression, State, targets }]) => [
          name,
          [
            ScheduleExpression,
            State,
            ...targets.map(({ Input = "", EcsParameters }) => {
              const [{ command }] = JSON.parse(Input).containerOverrides;
              return `${command.join(" ")} in ${EcsParameters?.TaskDefinitionArn?.split(":").at(-1)}`;
            }),
          ].join(", "),
        ]),
      ),
  };
  const plain = {
    config: {
      get digest() {
        return `sha256:${createHash("sha256").update(configuration()).digest("hex")}`;
      },
    },
  };
  endpoint.plain = ({ url }) => (url.startsWith("/blob?") ? world.blob() : { status: 404 });

  function ruleOf(name: unknown): StoredRule {
    const rule = world.rules[String(name)];
    if (rule === undefined) {
      throw awsFault("ResourceNotFoundException", `Rule ${name} does not exist on EventBus default.`);
    }
    return rule;
  }
  const page = <T>(all: T[], token: unknown) => {
    const start = Number(token ?? 0);
    return { items: all.slice(start, start + 1), ...(start + 1 < all.length && { NextToken: String(start + 1) }) };
  };
  Object.assign(endpoint.answers, {
    BatchGetImage: ({ imageIds }) => {
      const [{ imageDigest }] = imageIds as [{ imageDigest: string }];
      const imageManifest = JSON.stringify(world.manifests[imageDigest] ?? plain);
      return { images: [{ imageId: { imageDigest }, imageManifest }], failures: [] };
    },
    GetDownloadUrlForLayer: ({ layerDigest }) => ({
      downloadUrl: `${endpoint.url}/blob?X-Amz-Signature=secret`,
      layerDigest,
    }),
    ListRules: ({ NamePrefix, NextToken }) => {
      const names = Object.keys(world.rules).filter((name) => name.startsWith(String(NamePrefix)));
      const { items, ...rest } = page(names, NextToken);
      const Rules = items.map((Name) => {
        const { tags, targets, ...rule } = ruleOf(Name);
        return { Name, Arn: `arn:aws:events:us-east-1:123456789012:rule/${Name}`, ...rule };
      });
      return { Rules, ...rest };
    },
    ListTagsForResource: ({ ResourceARN }) => ({
      Tags: Object.entries(ruleOf(String(ResourceARN).split("/").at(-1)).tags).map(([Key, Value]) => ({ Key, Value })),
    }),
    ListTargetsByRule: ({ Rule, NextToken }) => {
      const { items, ...rest } = page(ruleOf(Rule).targets, NextToken);
      return { Targets: items, ...rest };
    },
    PutRule: ({ Name, Tags, ...rule }) => {
      const before = world.rules[String(Name)];
      const given = (Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]);
      const { tags, targets } = before ?? { tags: Object.fromEntries(given), targets: [] };
      world.rules[String(Name)] = { ...rule, tags, targets };
      return { RuleArn: `arn:aws:events:us-east-1:123456789012:rule/${Name}` };
    },
    PutTargets: ({ Rule, Targets }) => {
      const rule = ruleOf(Rule);
      for (const target of Targets as Target[]) {
        const EcsParameters = { EnableECSManagedTags: false, EnableExecuteCommand: false, ...target.EcsParameters };
        rule.targets = [...rule.targets.filter(({ Id }) => Id !== target.Id), { ...target, EcsParameters } as Target];
      }
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    RemoveTargets: ({ Rule, Ids }) => {
      const rule = ruleOf(Rule);
      rule.targets = rule.targets.filter(({ Id }) => !(Ids as string[]).includes(String(Id)));
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    DeleteRule: ({ Name }) => {
      if (world.rules[String(Name)]?.targets.length) {
        throw awsFault("ValidationException", "Rule can't be deleted since it has targets.");
      }
      delete world.rules[String(Name)];
      return {};
    },
  } satisfies Endpoint["answers"]);
  return world;
}
