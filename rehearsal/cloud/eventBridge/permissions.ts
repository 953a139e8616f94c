import type {
  PutEventsRequest,
  PutRuleRequest,
  PutTargetsRequest,
  Tag,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-eventbridge";
import type { Cloud, Permission } from "../service";
import { DEFAULT_BUS } from "./bus";

type Context = NonNullable<Permission["context"]>;

/**
 * EventBridge's permission checks, from its service authorization reference:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
 * @param tagsOf the tags of an existing rule
 */
export function createPermissions(
  cloud: Cloud,
  arnOf: (ruleName: string) => string,
  tagsOf: (ruleArn: string) => Map<string, string> | undefined,
) {
  const resourceTags = (arn: string): Context =>
    Object.fromEntries([...(tagsOf(arn) ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value]));

  const ofArn = (action: string, arn = "", context: Context = {}): Permission[] => [
    { action: `events:${action}`, resource: arn, context: { ...resourceTags(arn), ...context } },
  ];
  const ofRule = (action: string, name = "", context: Context = {}) => ofArn(action, arnOf(name), context);

  const passRole = (roleArn: string): Permission => ({
    action: "iam:PassRole",
    resource: roleArn,
    context: { "iam:PassedToService": "events.amazonaws.com" },
  });

  return {
    ofArn,
    ofRule,
    putRule({ Name, RoleArn, Tags = [] }: PutRuleRequest): Permission[] {
      return [
        ...ofRule("PutRule", Name, requestTags(Tags)),
        ...(Tags.length === 0 ? [] : ofRule("TagResource", Name, requestTags(Tags))),
        ...(RoleArn === undefined ? [] : [passRole(RoleArn)]),
      ];
    },
    // The reference lists no resource for it, but AWS's own denials name `rule/*`: only `*` satisfies both.
    listRules: (): Permission[] => [{ action: "events:ListRules", resource: "*" }],
    putTargets({ Rule, Targets = [] }: PutTargetsRequest): Permission[] {
      const roles = new Set(Targets.map((it) => it.RoleArn).filter((it) => it !== undefined));
      return [
        ...ofRule("PutTargets", Rule, { "events:TargetArn": Targets.map((it) => it.Arn ?? "") }),
        ...[...roles].map(passRole),
      ];
    },
    tagResource: ({ ResourceARN, Tags = [] }: TagResourceRequest) =>
      ofArn("TagResource", ResourceARN, requestTags(Tags)),
    untagResource: ({ ResourceARN, TagKeys = [] }: UntagResourceRequest) =>
      ofArn("UntagResource", ResourceARN, { "aws:TagKeys": TagKeys }),
    putEvents: ({ Entries = [] }: PutEventsRequest): Permission[] =>
      Entries.map(({ Source = "", DetailType = "" }) => ({
        action: "events:PutEvents",
        resource: cloud.arn("events", `event-bus/${DEFAULT_BUS}`),
        context: { "events:source": [Source], "events:detail-type": [DetailType] },
      })),
  };
}

const requestTags = (tags: Tag[]): Context =>
  tags.length === 0
    ? {}
    : {
        "aws:TagKeys": tags.map((it) => it.Key ?? ""),
        ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value ?? ""])),
      };
